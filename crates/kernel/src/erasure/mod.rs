//! Erasure: a subject's values and their salts are destroyed, and every proof still holds.
//!
//! In this order, so that a crash at any point can be taken up again at the next start:
//!
//! 1. `subject` and `plan`: all records are read for what speaks of the subject, and the rows, contents and events
//!    behind them. A note keeps what was asked for and where contents are.
//! 2. `unit`: rows are removed, or rewritten without the value, by ordinary units that name by record and place
//!    every opening that will be destroyed (`named`). From here on the erasure happened.
//! 3. `destroy`: content, events, openings, kept answers.
//! 4. What came in meanwhile is looked through for the subject, until nothing is left.
//! 5. A unit says that it was done; the note now says only that files must be cleared.
//! 6. The database is rewritten, so that no file of it keeps what was replaced or removed. The note goes.
//!
//! What a record commits to stays as it is: the commitments of erased values keep their place, and without the salt
//! they tell nothing. `crate::verify` demands for every missing opening a unit that names it.

mod destroy;
mod named;
mod plan;
mod subject;
mod unit;

pub(crate) use named::{Places, named};
pub use subject::ErasureSubject;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use strongroom_model::{Caller, CallerKind, Error, ErrorKind};
use uuid::Uuid;

use crate::{
    error::from_port,
    kernel::Kernel,
    ports::{ContentEntry, Database, RngExt as _},
    progress::Progress,
    row::{Schema, Table},
    unit::Unit,
};

use named::{ERASE, ERASED, ERASURE};
use plan::{Plan, Search};

/// The note of an erasure under way.
const PENDING: &str = "erasure/pending";
/// Times that the newest records are looked through: whoever writes the subject faster than that is told.
const ROUNDS: usize = 10;
/// Rows of an answer that are named.
const MAX_NAMED: usize = 1_000;

/// Rows of `table` belong to the row of `owner` that `column` names: where that goes, they go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Belongs {
    /// Name of the table of what belongs.
    pub table: &'static str,
    /// Its column that holds the owner's key; never personal.
    pub column: &'static str,
    /// Name of the table of the owner, whose key is one column.
    pub owner: &'static str,
}

/// What is to be erased, and how far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureRequest {
    /// Who or what.
    pub subject: ErasureSubject,
    /// Whether rows that hold the value go as a whole, with what belongs to them, even where their column could
    /// be null.
    pub rows: bool,
    /// Who asks.
    pub caller: Caller,
}

/// What an erasure destroyed, or would destroy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErasureReport {
    /// Its id in the ledger; `None` for a list.
    pub id: Option<String>,
    /// Rows that were removed, by table.
    pub removed: BTreeMap<String, u64>,
    /// Rows whose value became null, by table.
    pub changed: BTreeMap<String, u64>,
    /// Those rows, as `table/key`, at most 1,000.
    pub rows: Vec<String>,
    /// Records that lost values.
    pub records: u64,
    /// Values that were destroyed in records, with their salts.
    pub values: u64,
    /// Contents that were destroyed.
    pub contents: u64,
    /// Contents that were kept because rows refer to them that are not the subject's.
    pub kept_contents: u64,
    /// Events that were destroyed; those not delivered yet never will be.
    pub events: u64,
    /// Indexes of records that have the subject where nothing can be erased (ids, keys, domains), at most 1,000.
    pub stays: Vec<u64>,
    /// What cannot be reached from here, in words.
    pub caveats: Vec<String>,
}

impl ErasureReport {
    fn of(plan: &Plan) -> Self {
        let count = |names: &mut dyn Iterator<Item = &plan::RowName>| {
            let mut counts = BTreeMap::new();
            for (table, _) in names {
                *counts.entry((*table).to_owned()).or_insert(0) += 1;
            }
            counts
        };
        let mut rows: Vec<String> = plan
            .rows()
            .map(|(table, key)| {
                let key: Vec<String> = key.iter().map(subject::printed).collect();
                format!("{table}/{}", key.join("/"))
            })
            .collect();
        rows.sort_unstable();
        rows.truncate(MAX_NAMED);
        let contents = plan.doomed.len() as u64;
        Self {
            id: None,
            removed: count(&mut plan.whole.iter()),
            changed: count(&mut plan.columns.keys().filter(|name| !plan.whole.contains(*name))),
            rows,
            records: plan.openings.len() as u64,
            values: plan.values(),
            contents,
            kept_contents: plan.contents.len() as u64 - contents,
            events: plan.events.len() as u64,
            stays: plan.stays.iter().copied().take(MAX_NAMED).collect(),
            caveats: Vec::new(),
        }
    }
}

/// Says what an erasure would destroy, without destroying anything. Works beside a serving process.
///
/// # Errors
/// `Invalid` when the subject names an unknown table; `NotFound` when nothing speaks of it; `Unavailable`;
/// `Internal` when a record does not open.
pub async fn list_erasure(
    database: &dyn Database,
    schemas: &[Schema],
    belongs: &[Belongs],
    subject: &ErasureSubject,
    rows: bool,
    progress: &dyn Progress,
) -> Result<ErasureReport, Error> {
    let search = Search { database, schemas, belongs, subject, rows, id: "" };
    check(&search)?;
    let mut plan = Plan::default();
    search.run(&mut plan, 0, progress).await.map_err(from_port)?;
    known(&plan)?;
    Ok(ErasureReport::of(&plan))
}

/// Something must speak of the subject, if only where nothing can be erased.
fn known(plan: &Plan) -> Result<(), Error> {
    if plan.is_empty() && plan.stays.is_empty() {
        return Err(Error::new(ErrorKind::NotFound, "nothing that is stored speaks of this subject"));
    }
    Ok(())
}

/// A row must name a table and all columns of its key.
fn check(search: &Search<'_>) -> Result<(), Error> {
    let ErasureSubject::Row { table, key } = search.subject else { return Ok(()) };
    match search.table(table) {
        Some(table) if table.key.len() == key.len() => Ok(()),
        Some(table) => Err(Error::new(
            ErrorKind::Invalid,
            format!("a row of {} is named by {}", table.name, table.key.join(", ")),
        )),
        None => Err(Error::new(ErrorKind::Invalid, format!("there is no table {table}"))),
    }
}

/// The note of an erasure.
#[derive(Debug)]
enum Pending {
    /// It is under way.
    Erase { id: String, request: ErasureRequest, contents: Vec<ContentEntry> },
    /// All is destroyed; the database is to be rewritten.
    Clear { tables: Vec<String> },
}

impl Pending {
    fn to_note(&self) -> Vec<u8> {
        let json = match self {
            Self::Erase { id, request, contents } => json!({
                "id": id,
                "subject": request.subject.to_string(),
                "rows": request.rows,
                "kind": request.caller.kind.word(),
                "name": request.caller.name,
                "contents": destroy::contents_to_json(contents),
            }),
            Self::Clear { tables } => json!({ "clear": tables }),
        };
        json.to_string().into_bytes()
    }

    fn from_note(note: &[u8]) -> Option<Self> {
        let json: Json = serde_json::from_slice(note).ok()?;
        if let Some(tables) = json["clear"].as_array() {
            let tables = tables.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<_>>()?;
            return Some(Self::Clear { tables });
        }
        let kind = match json["kind"].as_str()? {
            "auditor" => CallerKind::Auditor,
            "account" => CallerKind::Account,
            _ => CallerKind::System,
        };
        let request = ErasureRequest {
            subject: json["subject"].as_str()?.parse().ok()?,
            rows: json["rows"].as_bool()?,
            caller: Caller { kind, name: json["name"].as_str()?.to_owned() },
        };
        let id = json["id"].as_str()?.to_owned();
        Some(Self::Erase { id, request, contents: destroy::contents_from_json(&json["contents"])? })
    }
}

impl Kernel {
    /// Destroys what speaks of the subject, and returns when nothing of it is left in the files of the database
    /// and of the content store. `docs/operations/erase.md` says what is looked for and what cannot be reached.
    ///
    /// # Errors
    /// `Invalid` when the subject names an unknown table; `NotFound`, and nothing is recorded, when nothing speaks of
    /// it; `Conflict` when another erasure is under way;
    /// `Unavailable`, `StorageFull`: what was begun goes on with [`Kernel::resume_erasure`].
    pub async fn erase(
        &self,
        request: &ErasureRequest,
        belongs: &[Belongs],
        progress: &dyn Progress,
    ) -> Result<ErasureReport, Error> {
        let busy = || Error::new(ErrorKind::Conflict, "another erasure is under way");
        let _turn = self.inner.erasing.try_lock().map_err(|_| busy())?;
        if request.subject.is_in(&Json::from(request.caller.name.as_str())) {
            return Err(Error::new(
                ErrorKind::Invalid,
                "who asks for an erasure stays in the ledger: let another ask",
            ));
        }
        // one that failed half-way is brought to its end first
        let ended = self.take_up(belongs, progress).await?;
        let id = Uuid::from_bytes(self.inner.rng.bytes()).to_string();
        match (self.carry_out(id, request, None, belongs, progress).await, ended) {
            // what was asked for again was brought to its end just now
            (Err(error), Some(ended)) if error.kind() == ErrorKind::NotFound => Ok(ended),
            (done, _) => done,
        }
    }

    /// Says what an erasure would destroy; that it was asked is recorded by the caller.
    ///
    /// # Errors
    /// As [`list_erasure`].
    pub async fn list_erasure(
        &self,
        request: &ErasureRequest,
        belongs: &[Belongs],
        progress: &dyn Progress,
    ) -> Result<ErasureReport, Error> {
        let (database, schemas) = (self.inner.database.as_ref(), self.schemas());
        list_erasure(database, schemas, belongs, &request.subject, request.rows, progress).await
    }

    /// Takes up an erasure that a crash or an error interrupted; `None` when there is none. To be called at the
    /// start, before anything is served.
    ///
    /// # Errors
    /// As [`Kernel::erase`].
    pub async fn resume_erasure(
        &self,
        belongs: &[Belongs],
        progress: &dyn Progress,
    ) -> Result<Option<ErasureReport>, Error> {
        let _turn = self.inner.erasing.lock().await;
        self.take_up(belongs, progress).await
    }

    async fn take_up(
        &self,
        belongs: &[Belongs],
        progress: &dyn Progress,
    ) -> Result<Option<ErasureReport>, Error> {
        let Some(note) = self.recall(PENDING).await? else { return Ok(None) };
        match Pending::from_note(&note) {
            Some(Pending::Erase { id, request, contents }) => {
                self.carry_out(id, &request, Some(contents), belongs, progress).await.map(Some)
            }
            Some(Pending::Clear { tables }) => {
                let caveats = self.clear_files(&tables).await?;
                Ok(Some(ErasureReport { caveats, ..ErasureReport::default() }))
            }
            None => Err(Error::new(ErrorKind::Internal, "the note of an erasure under way is malformed")),
        }
    }

    /// All of it, from the plan to the end; `earlier` are the contents that an interrupted one had noted.
    async fn carry_out(
        &self,
        id: String,
        request: &ErasureRequest,
        earlier: Option<Vec<ContentEntry>>,
        belongs: &[Belongs],
        progress: &dyn Progress,
    ) -> Result<ErasureReport, Error> {
        let (database, schemas) = (self.inner.database.as_ref(), self.schemas());
        let (subject, rows) = (&request.subject, request.rows);
        let search = Search { database, schemas, belongs, subject, rows, id: &id };
        check(&search)?;
        let resumed = earlier.is_some();
        let mut contents = earlier.unwrap_or_default();
        let mut destroyed = self.destroy_contents(&contents).await?;
        if resumed {
            self.purge_objects().await?;
        }
        let mut plan = Plan::default();
        let (mut from, mut found, mut rounds) = (0, 0, 0);
        loop {
            self.settle().await?;
            from = search.run(&mut plan, from, progress).await.map_err(from_port)?;
            if plan.weight() == found || rounds == ROUNDS {
                break;
            }
            (found, rounds) = (plan.weight(), rounds + 1);
            for fresh in self.entries(&plan).await? {
                if !contents.iter().any(|had| had.key == fresh.key) {
                    contents.push(fresh);
                }
            }
            let pending =
                Pending::Erase { id: id.clone(), request: request.clone(), contents: contents.clone() };
            // a batch takes all notes that wait: this one is durable before or with the unit that follows
            self.note(PENDING, Some(pending.to_note()));
            self.record(begin(search.id, &request.caller)).await?;
            unit::commit(self, search, &mut plan, &request.caller).await?;
            destroyed.extend(self.destroy_contents(&contents).await?);
            if !plan.contents.is_empty() {
                // also of contents that were deleted before: they may still be dead in an object
                self.purge_objects().await?;
            }
            self.destroy_values(&plan).await?;
        }
        if plan.is_empty() && !resumed {
            known(&plan)?;
            // that it was looked for is recorded too
            self.record(begin(&id, &request.caller)).await?;
            return Ok(ErasureReport { id: Some(id), ..ErasureReport::of(&plan) });
        }
        let mut report = ErasureReport {
            contents: destroyed.len() as u64,
            id: Some(id.clone()),
            ..ErasureReport::of(&plan)
        };
        if rounds == ROUNDS {
            report.caveats.push("the subject is still being written: stop that and erase again".to_owned());
        }
        let tables: BTreeSet<String> = plan.rows().map(|(table, _)| (*table).to_owned()).collect();
        let tables: Vec<String> = tables.into_iter().collect();
        // its position may name a content that is gone
        self.forget_scrub_position();
        self.note(PENDING, Some(Pending::Clear { tables: tables.clone() }.to_note()));
        let mut done = Unit::new(&request.caller, ERASED);
        done.about(ERASURE, &id);
        self.record(done).await?;
        report.caveats.extend(self.clear_files(&tables).await?);
        Ok(report)
    }

    /// Gives every committed record its index, so that the search sees it.
    async fn settle(&self) -> Result<(), Error> {
        while self.inner.database.sequence(10_000).await.map_err(from_port)? > 0 {
            self.inner.ledger.catch_up().await.map_err(from_port)?;
        }
        Ok(())
    }

    /// Has the database keep nothing of what was removed or replaced.
    async fn clear_files(&self, tables: &[String]) -> Result<Vec<String>, Error> {
        let all = self.inner.schemas.iter().flat_map(|schema| schema.tables.iter().copied());
        let touched: Vec<&'static Table> =
            all.filter(|table| tables.iter().any(|name| name == table.name)).collect();
        let caveats = self.inner.database.clear_files(&touched).await.map_err(from_port)?;
        self.note(PENDING, None);
        Ok(caveats)
    }
}

/// The unit that says that an erasure begins, or goes on.
fn begin(id: &str, caller: &Caller) -> Unit {
    let mut unit = Unit::new(caller, ERASE);
    unit.about(ERASURE, id);
    unit
}
