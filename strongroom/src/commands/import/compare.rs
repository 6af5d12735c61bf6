//! After the import: every row and every content of the original held against ours.

use anyhow::Result;
use futures::TryStreamExt as _;
use strongroom_bytes::tables;
use strongroom_kernel::{Kernel, Row, Snapshot, Uuid, Value, verify::Progress};
use strongroom_model::{Digest, DigestHasher};
use tokio_postgres::Row as Original;

use super::{
    Findings,
    files::Files,
    source::{self, Kind, RawFile, Source},
    write::{raw_file, told},
};
use crate::output::say;

/// Compares everything, and says how much of it is the same.
pub(super) async fn all(
    source: &Source,
    files: &Files,
    kernel: &Kernel,
    findings: &mut Findings,
    progress: &dyn Progress,
) -> Result<()> {
    let job = |row: &Original| source::job(row).map(|job| (job.id, job));
    rows(("jobs", Kind::Jobs), job, source, kernel, findings, progress).await?;
    raw_files(source, files, kernel, findings, progress).await?;
    let job = |row: &Original| source::parser_job(row).map(|job| (job.id, job));
    rows(("parser jobs", Kind::ParserJobs), job, source, kernel, findings, progress).await
}

/// Rows that are the same here if they are equal.
async fn rows<R: Row + PartialEq>(
    (what, kind): (&'static str, Kind),
    read: fn(&Original) -> Result<(Uuid, R)>,
    source: &Source,
    kernel: &Kernel,
    findings: &mut Findings,
    progress: &dyn Progress,
) -> Result<()> {
    let mut tally = Tally::begin(what, source, kind, progress).await?;
    loop {
        let page = source.next().await?;
        if page.is_empty() {
            tally.tell();
            return Ok(());
        }
        let snapshot = kernel.snapshot().await.map_err(told)?;
        for row in &page {
            let (id, expected) = read(row)?;
            let same = find::<R>(&snapshot, id).await?.as_ref() == Some(&expected);
            tally.count(same, id, findings);
        }
        progress.advance(page.len() as u64);
    }
}

async fn raw_files(
    source: &Source,
    files: &Files,
    kernel: &Kernel,
    findings: &mut Findings,
    progress: &dyn Progress,
) -> Result<()> {
    let mut tally = Tally::begin("raw files", source, Kind::RawFiles, progress).await?;
    loop {
        let page = source.next().await?;
        if page.is_empty() {
            tally.tell();
            return Ok(());
        }
        for row in &page {
            let row = source::raw_file(row)?;
            let content = digest(files, &row).await?;
            // a snapshot is held for a moment only, and a content may be long
            let snapshot = kernel.snapshot().await.map_err(told)?;
            let ours = find::<tables::RawFile>(&snapshot, row.id).await?;
            let same =
                ours.is_some_and(|ours| content == Some((ours.content, ours.size)) && is_that(&row, &ours));
            tally.count(same, row.id, findings);
        }
        progress.advance(page.len() as u64);
    }
}

/// Everything but the content, which was compared, and the digest of the labels, which may stand aside.
fn is_that(row: &RawFile, ours: &tables::RawFile) -> bool {
    raw_file(row, ours.content, ours.size, ours.tag_set) == *ours
}

/// Digest and length of the original's content.
async fn digest(files: &Files, row: &RawFile) -> Result<Option<(Digest, i64)>> {
    let Some(mut pieces) = files.read(&row.organization, row.id).await? else { return Ok(None) };
    let (mut hasher, mut size) = (DigestHasher::new(), 0);
    while let Some(piece) = pieces.try_next().await? {
        hasher.update(&piece);
        size += i64::try_from(piece.len())?;
    }
    Ok(Some((hasher.finish(), size)))
}

async fn find<R: Row>(snapshot: &Snapshot, id: Uuid) -> Result<Option<R>> {
    snapshot.find(&[Value::Id(id)]).await.map_err(told)
}

/// How many rows of one kind are the same on both sides.
struct Tally {
    what: &'static str,
    total: u64,
    same: u64,
}

impl Tally {
    async fn begin(what: &'static str, source: &Source, kind: Kind, progress: &dyn Progress) -> Result<Self> {
        let total = source.count(kind).await?;
        progress.begin(what, total);
        source.begin(kind).await?;
        Ok(Self { what, total, same: 0 })
    }

    fn count(&mut self, same: bool, id: Uuid, findings: &mut Findings) {
        if same {
            self.same += 1;
        } else {
            findings.add(format!("not the same here: {} {id}", self.what));
        }
    }

    fn tell(&self) {
        say!("{}: {} of {} are the same here", self.what, self.same, self.total);
    }
}
