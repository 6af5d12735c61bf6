//! Deletes all that an organisation has: parser jobs, raw files, scan jobs, its counters.
//!
//! In steps of one unit each, from the rows that refer to those that are referred to, so that what is left after an
//! interruption is whole, and the same words go on with it. Contents that nobody refers to any more go a day later.
//! What records say of the rows stays: deleting is not erasing.

use async_trait::async_trait;
use strongroom_kernel::{Command, Kernel, Kind, Snapshot, State, Unit, Value, ports::Reach};
use strongroom_model::{Caller, Error, ErrorKind};

use crate::{
    commands::DELETE_ORGANIZATION,
    tables::{BoefjeMeta, NormalizerMeta, Organization, PendingProof, RawFile},
};

/// Rows of one step; a raw file may have a second row, and the counters are two.
const STEP: usize = 450;

const PARSER_JOBS: &str = "SELECT n.id FROM bytes_normalizer_meta n JOIN bytes_raw_file r ON r.id = n.raw_file \
    JOIN bytes_boefje_meta m ON m.id = r.boefje_meta WHERE m.organization = $1 LIMIT $2";
const RAW_FILES: &str = "SELECT r.id, r.size, p.raw_file FROM bytes_raw_file r \
    JOIN bytes_boefje_meta m ON m.id = r.boefje_meta LEFT JOIN bytes_pending_proof p ON p.raw_file = r.id \
    WHERE m.organization = $1 LIMIT $2";
const SCAN_JOBS: &str = "SELECT id FROM bytes_boefje_meta WHERE organization = $1 LIMIT $2";

/// One step of deleting an organisation; its reply says how far it came.
#[derive(Debug, Clone)]
pub struct DeleteOrganization {
    /// Who asks.
    pub caller: Caller,
    /// Its code.
    pub organization: String,
}

/// How many rows were deleted, by what they stood for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Parser jobs.
    pub normalizer_metas: usize,
    /// Raw files.
    pub raw_files: usize,
    /// Scan jobs.
    pub boefje_metas: usize,
    /// Nothing is left.
    pub done: bool,
}

#[async_trait]
impl Command for DeleteOrganization {
    type Reply = Deleted;

    async fn decide(&self, snapshot: &Snapshot) -> Result<(Unit, Deleted), Error> {
        let mut unit = Unit::new(&self.caller, DELETE_ORGANIZATION);
        unit.about("organization", &self.organization);
        let mut deleted =
            Deleted { normalizer_metas: self.parser_jobs(snapshot, &mut unit).await?, ..Deleted::default() };
        if deleted.normalizer_metas == 0 {
            deleted.raw_files = self.raw_files(snapshot, &mut unit).await?;
        }
        if deleted.normalizer_metas + deleted.raw_files == 0 {
            deleted.boefje_metas = self.scan_jobs(snapshot, &mut unit).await?;
        }
        if deleted == Deleted::default() {
            let key = vec![Value::Text(self.organization.clone())];
            if snapshot.find::<Organization>(&key).await?.is_some() {
                unit.remove::<Organization>(key, State::Present);
            }
            deleted.done = true;
        }
        Ok((unit, deleted))
    }

    fn unmet(&self, _label: &'static str) -> Error {
        Error::new(ErrorKind::Internal, "internal error").with_context("a deletion expects nothing by name")
    }
}

impl DeleteOrganization {
    async fn rows(&self, snapshot: &Snapshot, sql: &str, kinds: &[Kind]) -> Result<Vec<Vec<Value>>, Error> {
        let limit = Value::Int(i64::try_from(STEP).unwrap_or(i64::MAX));
        snapshot.query(sql, &[Value::Text(self.organization.clone()), limit], kinds, Reach::Scan).await
    }

    async fn parser_jobs(&self, snapshot: &Snapshot, unit: &mut Unit) -> Result<usize, Error> {
        let rows = self.rows(snapshot, PARSER_JOBS, &[Kind::Id]).await?;
        let count = rows.len();
        for key in rows {
            unit.remove::<NormalizerMeta>(key, State::Present);
        }
        Ok(count)
    }

    async fn raw_files(&self, snapshot: &Snapshot, unit: &mut Unit) -> Result<usize, Error> {
        let rows = self.rows(snapshot, RAW_FILES, &[Kind::Id, Kind::Int, Kind::Id]).await?;
        let (mut files, mut bytes) = (0, 0);
        for row in &rows {
            let [id, Value::Int(size), pending] = row.as_slice() else { continue };
            if *pending != Value::Null {
                unit.remove::<PendingProof>(vec![id.clone()], State::Present);
            }
            unit.remove::<RawFile>(vec![id.clone()], State::Present);
            files += 1;
            bytes += size;
        }
        let key = vec![Value::Text(self.organization.clone())];
        if files > 0 && snapshot.find::<Organization>(&key).await?.is_some() {
            unit.bump::<Organization>(key.clone(), "raw_files", -files, (0, i64::MAX));
            unit.bump::<Organization>(key, "bytes", -bytes, (0, i64::MAX));
        }
        Ok(rows.len())
    }

    async fn scan_jobs(&self, snapshot: &Snapshot, unit: &mut Unit) -> Result<usize, Error> {
        let rows = self.rows(snapshot, SCAN_JOBS, &[Kind::Id]).await?;
        let count = rows.len();
        for key in rows {
            unit.remove::<BoefjeMeta>(key, State::Present);
        }
        Ok(count)
    }
}

/// Deletes all that `organization` has, step by step; `heard` is told of each.
///
/// # Errors
/// `Unavailable`, `StorageFull`; the next call goes on where this one ended.
pub async fn delete_organization(
    kernel: &Kernel,
    caller: &Caller,
    organization: &str,
    mut heard: impl FnMut(Deleted),
) -> Result<Deleted, Error> {
    let command = DeleteOrganization { caller: caller.clone(), organization: organization.to_owned() };
    let mut all = Deleted::default();
    while !all.done {
        let step = kernel.run(&command).await?.reply;
        all.normalizer_metas += step.normalizer_metas;
        all.raw_files += step.raw_files;
        all.boefje_metas += step.boefje_metas;
        all.done = step.done;
        heard(step);
    }
    Ok(all)
}
