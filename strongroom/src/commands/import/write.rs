//! From the original's rows to units: in their order, a few hundred at a time, leaving alone what is there.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context as _, Result, anyhow};
use async_trait::async_trait;
use futures::TryStreamExt as _;
use strongroom_bytes::{
    commands::raw::tag_set,
    queries,
    tables::{self, BoefjeMeta, NormalizerMeta, Organization},
    wire::hash::{Algorithm, SecureHasher},
};
use strongroom_kernel::{
    Action, Command, Kernel, MAX_SAFE_INTEGER, Row, Snapshot, State, TextList, Unit, Uploaded, Uuid, Value,
    verify::Progress,
};
use strongroom_model::{Caller, Digest, DigestHasher, Error};

use super::{
    Findings,
    files::Files,
    source::{self, Kind, RawFile, Source},
};

/// Take over rows of the original.
const IMPORT: Action = Action { service: tables::SERVICE, name: "import" };
/// Most rows of one unit.
const ROWS: usize = 100;
/// Most bytes of small content of one unit.
const BYTES: u64 = 4 << 20;

fn caller() -> Caller {
    Caller::system("import")
}

/// Takes over all scan jobs.
pub(super) async fn jobs(source: &Source, kernel: &Kernel, progress: &dyn Progress) -> Result<()> {
    progress.begin("jobs", source.count(Kind::Jobs).await?);
    source.begin(Kind::Jobs).await?;
    loop {
        let page = source.next().await?;
        if page.is_empty() {
            return Ok(());
        }
        let rows = page.iter().map(source::job).collect::<Result<Vec<_>>>()?;
        let ids = rows.iter().map(|row| row.id).collect();
        let absent = absent::<BoefjeMeta>(kernel, ids).await?;
        let fresh: Vec<_> = rows.into_iter().filter(|row| absent.contains(&row.id)).collect();
        for rows in fresh.chunks(ROWS) {
            put(kernel, rows).await?;
        }
        progress.advance(page.len() as u64);
    }
}

/// Takes over all parser jobs whose raw file is there.
pub(super) async fn parser_jobs(
    source: &Source,
    kernel: &Kernel,
    findings: &mut Findings,
    progress: &dyn Progress,
) -> Result<()> {
    progress.begin("parser jobs", source.count(Kind::ParserJobs).await?);
    source.begin(Kind::ParserJobs).await?;
    loop {
        let page = source.next().await?;
        if page.is_empty() {
            return Ok(());
        }
        let rows = page.iter().map(source::parser_job).collect::<Result<Vec<_>>>()?;
        let here = absent::<NormalizerMeta>(kernel, rows.iter().map(|row| row.id).collect()).await?;
        let lost = absent::<tables::RawFile>(kernel, rows.iter().map(|row| row.raw_file).collect()).await?;
        let mut fresh = Vec::new();
        for row in rows.into_iter().filter(|row| here.contains(&row.id)) {
            if lost.contains(&row.raw_file) {
                findings.add(format!("left out: parser job {}, since its raw file was", row.id));
            } else {
                fresh.push(row);
            }
        }
        for rows in fresh.chunks(ROWS) {
            put(kernel, rows).await?;
        }
        progress.advance(page.len() as u64);
    }
}

/// Takes over all raw files, with their contents.
pub(super) async fn raw_files(
    source: &Source,
    files: &Files,
    kernel: &Kernel,
    findings: &mut Findings,
    progress: &dyn Progress,
) -> Result<()> {
    progress.begin("raw files", source.count(Kind::RawFiles).await?);
    source.begin(Kind::RawFiles).await?;
    loop {
        let page = source.next().await?;
        if page.is_empty() {
            return Ok(());
        }
        let rows = page.iter().map(source::raw_file).collect::<Result<Vec<_>>>()?;
        let absent = absent::<tables::RawFile>(kernel, rows.iter().map(|row| row.id).collect()).await?;
        let mut command = PutRawFiles::default();
        let mut bytes = 0;
        for row in rows.into_iter().filter(|row| absent.contains(&row.id)) {
            let Some(content) = upload(files, kernel, &row, findings).await? else { continue };
            bytes += content.size;
            command.0.push((row, content));
            if command.0.len() == ROWS || bytes >= BYTES {
                run(kernel, &std::mem::take(&mut command)).await?;
                bytes = 0;
            }
        }
        if !command.0.is_empty() {
            run(kernel, &command).await?;
        }
        progress.advance(page.len() as u64);
    }
}

/// Stores the content of a raw file; `None` when there is none to store, which is then among the findings.
async fn upload(
    files: &Files,
    kernel: &Kernel,
    row: &RawFile,
    findings: &mut Findings,
) -> Result<Option<Uploaded>> {
    let Some(mut pieces) = files.read(&row.organization, row.id).await? else {
        findings.add(format!("left out: raw file {}, since its content is missing", row.id));
        return Ok(None);
    };
    let mut hasher = Expected::of(row);
    let mut upload = kernel.upload();
    while let Some(piece) = pieces.try_next().await? {
        hasher.update(&piece);
        upload.write(piece.into()).await.map_err(told)?;
    }
    if !hasher.holds() {
        findings.add(format!("changed: raw file {}, its content is not what its hash says", row.id));
    }
    let domain = tables::domain(&row.organization);
    Ok(Some(upload.finish(&domain).await.map_err(told)?))
}

/// The hash the original keeps of a file, held against its content.
struct Expected<'a> {
    row: &'a RawFile,
    hasher: Option<SecureHasher>,
}

impl<'a> Expected<'a> {
    fn of(row: &'a RawFile) -> Self {
        let name = row.secure_hash.as_deref().and_then(|hash| hash.split_once(':'));
        let algorithm = name.and_then(|(name, _)| Algorithm::from_name(name));
        Self { row, hasher: algorithm.filter(|_| row.ended_at.is_some()).map(SecureHasher::new) }
    }

    fn update(&mut self, piece: &[u8]) {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(piece);
        }
    }

    /// True where there is nothing to hold it against.
    fn holds(self) -> bool {
        match (self.hasher, self.row.ended_at) {
            (Some(hasher), Some(ended_at)) => Some(hasher.finish(ended_at)) == self.row.secure_hash,
            _ => true,
        }
    }
}

/// Which of these rows are not there yet.
async fn absent<R: Row>(kernel: &Kernel, ids: HashSet<Uuid>) -> Result<HashSet<Uuid>> {
    let snapshot = kernel.snapshot().await.map_err(told)?;
    let mut absent = HashSet::new();
    for id in ids {
        if snapshot.find::<R>(&[Value::Id(id)]).await.map_err(told)?.is_none() {
            absent.insert(id);
        }
    }
    Ok(absent)
}

/// Puts rows as they are.
struct PutRows<'a, R>(&'a [R]);

#[async_trait]
impl<R: Row> Command for PutRows<'_, R> {
    type Reply = ();

    async fn decide(&self, _: &Snapshot) -> Result<(Unit, ()), Error> {
        let mut unit = Unit::new(&caller(), IMPORT);
        for row in self.0 {
            unit.put(row, State::Absent.or("there_already"));
        }
        Ok((unit, ()))
    }
}

async fn put<R: Row>(kernel: &Kernel, rows: &[R]) -> Result<()> {
    run(kernel, &PutRows(rows)).await
}

async fn run<C: Command>(kernel: &Kernel, command: &C) -> Result<()> {
    kernel.run(command).await.map_err(told).context("write rows")?;
    Ok(())
}

/// Puts raw files with their contents, and counts them under their organisations.
#[derive(Default)]
struct PutRawFiles(Vec<(RawFile, Uploaded)>);

#[async_trait]
impl Command for PutRawFiles {
    type Reply = ();

    async fn decide(&self, snapshot: &Snapshot) -> Result<(Unit, ()), Error> {
        let mut unit = Unit::new(&caller(), IMPORT);
        let mut counts: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        let mut taken: HashSet<(Uuid, Digest)> = HashSet::new();
        for (row, content) in &self.0 {
            for (set, _) in queries::tag_sets_of(snapshot, row.boefje_meta).await? {
                taken.insert((row.boefje_meta, set));
            }
            let mut set = tag_set(&row.mime_types);
            if !taken.insert((row.boefje_meta, set)) {
                set = set_of_its_own(set, row.id);
            }
            let size = i64::try_from(content.size).unwrap_or(i64::MAX);
            unit.attach(content);
            unit.put(&raw_file(row, content.digest, size, set), State::Absent.or("there_already"));
            let count = counts.entry(&row.organization).or_default();
            *count = (count.0 + 1, count.1.saturating_add(size));
        }
        for (organization, (raw_files, bytes)) in counts {
            let key = vec![Value::Text(organization.to_owned())];
            if snapshot.find::<Organization>(&key).await?.is_some() {
                let bounds = (0, MAX_SAFE_INTEGER.cast_signed());
                unit.bump::<Organization>(key.clone(), "raw_files", raw_files, bounds);
                unit.bump::<Organization>(key, "bytes", bytes, bounds);
            } else {
                unit.put(&Organization { id: organization.to_owned(), raw_files, bytes }, State::Absent);
            }
        }
        Ok((unit, ()))
    }
}

/// The original stored some sets of labels of a job more than once. The first keeps the set, so that uploads to
/// come find it; the others stand beside it.
fn set_of_its_own(set: Digest, id: Uuid) -> Digest {
    let mut hasher = DigestHasher::new();
    hasher.update(set.as_bytes());
    hasher.update(id.as_bytes());
    hasher.finish()
}

/// A raw file in our form.
pub(super) fn raw_file(row: &RawFile, content: Digest, size: i64, tag_set: Digest) -> tables::RawFile {
    let row = row.clone();
    tables::RawFile {
        id: row.id,
        boefje_meta: row.boefje_meta,
        domain: tables::domain(&row.organization),
        content,
        size,
        mime_types: TextList(row.mime_types),
        tag_set,
        secure_hash: row.secure_hash,
        proof_provider: row.provider,
        proof_link: row.link,
    }
}

/// An error of the kernel with what only operators may see.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
pub(super) fn told(error: Error) -> anyhow::Error {
    anyhow!(error.diagnosis())
}
