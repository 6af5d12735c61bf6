//! Verification: everything stored is held against what the leaves commit to, and the leaves against
//! checkpoints, those kept elsewhere included.
//!
//! Works beside a serving process: it fixes the size it verifies first, and takes what was written later for
//! newer. `tree` holds leaves, tiles and checkpoints together, `rows` rows and records, `events` events and
//! records, `contents` bytes and digests, `packed` what is live in objects, `terms` the index and records; `kept` looks at what has no leaf.

mod anchors;
mod contents;
mod erased;
mod events;
mod kept;
mod packed;
mod report;
mod rows;
mod terms;
mod tree;

pub use crate::progress::{Progress, Silent};
pub use anchors::Audit;
pub use report::{Finding, FindingKind, Report, Verdict};

use std::sync::Arc;

use strongroom_ledger::Verifier;

use crate::{
    packing::Small,
    ports::{
        Anchor, ContentStore, Database, PackObjects, Packs, PortError, PortErrorKind, Sealer, TileStore,
    },
    record,
    row::{Schema, Table},
};

/// How much is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Leaves, tiles and checkpoints.
    Ledger,
    /// All that is stored.
    Everything,
}

/// What is to be verified, and against what.
#[derive(Debug)]
pub struct Verification {
    /// Rows, records, events.
    pub database: Arc<dyn Database>,
    /// Small content.
    pub packs: Option<Arc<dyn Packs>>,
    /// Large content.
    pub store: Arc<dyn ContentStore>,
    /// Small content that was moved out of the database.
    pub objects: Option<Arc<dyn PackObjects>>,
    /// Opens what is kept in the database and in objects.
    pub sealer: Option<Arc<dyn Sealer>>,
    /// Full tiles and the published checkpoint.
    pub tiles: Arc<dyn TileStore>,
    /// The copy of the checkpoint outside the data folder.
    pub checkpoint_copy: Option<Arc<dyn TileStore>>,
    /// A signed checkpoint kept elsewhere.
    pub since: Option<Vec<u8>>,
    /// The key under which checkpoints must verify; its name is the origin.
    pub verifier: Verifier,
    /// Tables of the services.
    pub schemas: Vec<Schema>,
    /// Who attested checkpoints: what they gave is checked.
    pub anchors: Vec<Arc<dyn Anchor>>,
    /// What services check of their own.
    pub audits: Vec<Arc<dyn Audit>>,
    /// How much.
    pub scope: Scope,
}

/// Records of one page.
const PAGE: usize = 2_048;

impl Verification {
    /// Verifies, and says all it found; errors are findings too.
    pub async fn run(&self, progress: &dyn Progress) -> Report {
        let mut report = Report::default();
        if let Err(error) = self.verify(&mut report, progress).await {
            report.failed(&error);
        }
        report
    }

    async fn verify(&self, report: &mut Report, progress: &dyn Progress) -> Result<(), PortError> {
        let checkpoints = tree::checkpoints(self, report).await?;
        // after the checkpoints: what they cover was committed before they were signed
        let head = self.database.head().await?;
        let size = head.size;
        tree::verify(self, head, checkpoints, report, progress).await?;
        if self.scope == Scope::Everything {
            self.verify_records(size, report, progress).await?;
            let last = contents::verify(self, report, progress).await?;
            kept::verify_pack_end(self, last, report).await?;
            packed::verify(self, report).await?;
            kept::verify_seals(self, report, progress).await?;
            anchors::verify(self, report, progress).await?;
        }
        Ok(())
    }

    async fn verify_records(
        &self,
        size: u64,
        report: &mut Report,
        progress: &dyn Progress,
    ) -> Result<(), PortError> {
        let mut rows = rows::Rows::default();
        let mut events = events::Events::default();
        let mut erased = erased::Erased::default();
        let mut terms = terms::Terms::begin(self.database.as_ref(), size).await?;
        let table = |name: &str| self.table(name);
        progress.begin("records and rows", size);
        let mut next = 0;
        let mut sequence = None;
        while next < size {
            let want = usize::try_from(size - next).unwrap_or(usize::MAX).min(PAGE);
            let page = self.database.records(next, want).await?;
            if page.is_empty() {
                report.tampered(format!("record {next} is missing"));
                break;
            }
            for stored in &page {
                if sequence.is_some_and(|last| stored.sequence <= last) || stored.index != next {
                    report.tampered(format!("record {next}: its place in the order of commits is wrong"));
                }
                sequence = Some(stored.sequence);
                next += 1;
                match record::open(stored, &table) {
                    Ok(opened) => {
                        terms.add(stored, &opened.plain);
                        erased.check(&opened);
                        rows.check(self.database.as_ref(), &opened, report).await?;
                        events.check(self.database.as_ref(), &opened, report).await?;
                    }
                    Err(error) if error.kind == PortErrorKind::Corrupt => {
                        terms.skip();
                        report.tampered(error.to_string());
                    }
                    Err(error) if error.kind == PortErrorKind::Refused => {
                        terms.skip();
                        report.unknown(error.to_string());
                    }
                    Err(error) => return Err(error),
                }
            }
            progress.advance(page.len() as u64);
        }
        self.look_at_newer(size, &mut rows, &mut events, &mut erased).await?;
        if erased.is_pending() {
            // the index forgets names before the records do
            report.unknown("an erasure has not ended; after a crash the next start of the server ends it");
        } else {
            terms.finish(self.database.as_ref(), report, progress).await?;
        }
        erased.finish(report);
        rows.finish(self.database.as_ref(), self.tables(), sequence, report, progress).await?;
        events.finish(self.database.as_ref(), sequence, &erased, report).await
    }

    /// What was removed, forgotten or erased while the verification ran explains what was missing.
    async fn look_at_newer(
        &self,
        size: u64,
        rows: &mut rows::Rows,
        events: &mut events::Events,
        erased: &mut erased::Erased,
    ) -> Result<(), PortError> {
        let mut next = size;
        loop {
            let page = self.database.records(next, PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            next += page.len() as u64;
            // what is wrong with these is for the next verification to say
            for opened in page.iter().filter_map(|stored| record::open(stored, &|name| self.table(name)).ok())
            {
                rows.note_removed(&opened);
                events.note_retention(&opened);
                erased.note(&opened);
            }
        }
    }

    /// The way to small content.
    fn small(&self) -> Small<'_> {
        Small {
            database: self.database.as_ref(),
            packs: self.packs.as_deref(),
            objects: self.objects.as_deref(),
            sealer: self.sealer.as_deref(),
        }
    }

    fn tables(&self) -> impl Iterator<Item = &'static Table> + '_ {
        self.schemas.iter().flat_map(|schema| schema.tables.iter().copied())
    }

    fn table(&self, name: &str) -> Option<&'static Table> {
        self.tables().find(|table| table.name == name)
    }
}
