//! What of an organisation goes with one unit: parser jobs, raw files with what waits for their proof, scan jobs.

use strongroom_kernel::{Kind, Snapshot, State, Unit, Uuid, Value, ports::Reach};
use strongroom_model::Error;

use crate::tables::{BoefjeMeta, NormalizerMeta, Organization, PendingProof, RawFile};

/// Rows of one step; a raw file may have a second row, and the counters are two.
const STEP: usize = 450;

/// Which jobs of an organisation, with all that belongs to them.
#[derive(Debug, Clone)]
pub(super) enum Jobs {
    /// All of them.
    All,
    /// These, at most a hundred.
    These(Vec<Uuid>),
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

impl Deleted {
    /// Adds the rows of another step; done is what that one says.
    pub(super) fn add(&mut self, step: Self) {
        self.normalizer_metas += step.normalizer_metas;
        self.raw_files += step.raw_files;
        self.boefje_metas += step.boefje_metas;
        self.done = step.done;
    }
}

/// Puts the next step's removals into `unit`: from the rows that refer to those that are referred to, so that what is
/// left after an interruption is whole. Nothing, and done, when nothing is left.
///
/// # Errors
/// `Unavailable`.
pub(super) async fn next_step(
    snapshot: &Snapshot,
    organization: &str,
    jobs: &Jobs,
    unit: &mut Unit,
) -> Result<Deleted, Error> {
    let step = Step { snapshot, organization, jobs };
    let mut deleted = Deleted { normalizer_metas: step.parser_jobs(unit).await?, ..Deleted::default() };
    if deleted.normalizer_metas == 0 {
        deleted.raw_files = step.raw_files(unit).await?;
    }
    if deleted.normalizer_metas + deleted.raw_files == 0 {
        deleted.boefje_metas = step.scan_jobs(unit).await?;
    }
    deleted.done = deleted == Deleted::default();
    Ok(deleted)
}

struct Step<'a> {
    snapshot: &'a Snapshot,
    organization: &'a str,
    jobs: &'a Jobs,
}

impl Step<'_> {
    /// The rows of `select`, whose jobs are `{job}` and joined where the organisation is asked for as `{organization}`.
    async fn rows(
        &self,
        select: &str,
        all: &str,
        job: &str,
        kinds: &[Kind],
    ) -> Result<Vec<Vec<Value>>, Error> {
        let mut params = Vec::new();
        let which = match self.jobs {
            Jobs::All => {
                params.push(Value::Text(self.organization.to_owned()));
                all.to_owned()
            }
            Jobs::These(ids) => {
                params.extend(ids.iter().map(|id| Value::Id(*id)));
                let ids: Vec<String> = (1..=ids.len()).map(|number| format!("${number}")).collect();
                format!(" WHERE {job} IN ({})", ids.join(", "))
            }
        };
        params.push(Value::Int(i64::try_from(STEP).unwrap_or(i64::MAX)));
        let sql = format!("{select}{which} LIMIT ${}", params.len());
        self.snapshot.query(&sql, &params, kinds, Reach::Scan).await
    }

    async fn parser_jobs(&self, unit: &mut Unit) -> Result<usize, Error> {
        let select = "SELECT n.id FROM bytes_normalizer_meta n JOIN bytes_raw_file r ON r.id = n.raw_file";
        let all = " JOIN bytes_boefje_meta m ON m.id = r.boefje_meta WHERE m.organization = $1";
        let rows = self.rows(select, all, "r.boefje_meta", &[Kind::Id]).await?;
        let count = rows.len();
        for key in rows {
            unit.remove::<NormalizerMeta>(key, State::Present);
        }
        Ok(count)
    }

    async fn raw_files(&self, unit: &mut Unit) -> Result<usize, Error> {
        let select = "SELECT r.id, r.size, p.raw_file FROM bytes_raw_file r \
            LEFT JOIN bytes_pending_proof p ON p.raw_file = r.id";
        let all = " JOIN bytes_boefje_meta m ON m.id = r.boefje_meta WHERE m.organization = $1";
        let rows = self.rows(select, all, "r.boefje_meta", &[Kind::Id, Kind::Int, Kind::Id]).await?;
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
        let key = vec![Value::Text(self.organization.to_owned())];
        if files > 0 && self.snapshot.find::<Organization>(&key).await?.is_some() {
            unit.bump::<Organization>(key.clone(), "raw_files", -files, (0, i64::MAX));
            unit.bump::<Organization>(key, "bytes", -bytes, (0, i64::MAX));
        }
        Ok(rows.len())
    }

    async fn scan_jobs(&self, unit: &mut Unit) -> Result<usize, Error> {
        let select = "SELECT id FROM bytes_boefje_meta";
        let rows = self.rows(select, " WHERE organization = $1", "id", &[Kind::Id]).await?;
        let count = rows.len();
        for key in rows {
            unit.remove::<BoefjeMeta>(key, State::Present);
        }
        Ok(count)
    }
}
