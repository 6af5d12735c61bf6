//! New runs from the newest records.
//!
//! Order, and what a crash leaves: a run and its blocks are one transaction, so it is there or not. A merge writes its
//! run beside those it replaces, and one transaction exchanges them; a run found half written or replaced is dropped.

use crate::ports::{Database, PortError, RunState, StoredRecord, TermChange, TermRun};

use super::{
    block::{BlockWriter, Entry},
    entries::{covered, entries_of, key_of},
    merge::{self, Merge},
    term::TermKey,
};

/// Records of one new run, at most.
const RECORDS: usize = 4_096;
/// Blocks that are removed in one transaction.
const REMOVED: usize = 64;

/// Builds the index, step by step; one at a time on a database.
#[derive(Debug, Default)]
pub struct Indexer {
    /// The catalogue, once it was read.
    runs: Option<Vec<TermRun>>,
    merge: Option<Merge>,
    key: Option<TermKey>,
}

impl Indexer {
    /// How many leaves, from the first, the index covers.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn covered(&mut self, database: &dyn Database) -> Result<u64, PortError> {
        Ok(covered(self.runs(database).await?))
    }

    /// Takes the records behind the index up to leaf `end` into it, one run at most; returns how many it took.
    ///
    /// # Errors
    /// `Unavailable`, `Full`; the next call begins anew.
    pub async fn append(&mut self, database: &dyn Database, end: u64) -> Result<u64, PortError> {
        let done = self.try_append(database, end).await;
        self.forget_on_error(done)
    }

    /// Makes the index shorter by one step; false when nothing is left to do.
    ///
    /// # Errors
    /// As [`Indexer::append`].
    pub async fn tidy(&mut self, database: &dyn Database) -> Result<bool, PortError> {
        let done = self.try_tidy(database).await;
        self.forget_on_error(done)
    }

    /// Gives up a merge under way: its run is dropped with the next step.
    pub(super) fn interrupt(&mut self) {
        *self = Self::default();
    }

    /// After an error nobody knows what was carried out.
    fn forget_on_error<T>(&mut self, done: Result<T, PortError>) -> Result<T, PortError> {
        if done.is_err() {
            self.interrupt();
        }
        done
    }

    async fn try_append(&mut self, database: &dyn Database, end: u64) -> Result<u64, PortError> {
        let first = covered(self.runs(database).await?);
        let want = usize::try_from(end.saturating_sub(first)).unwrap_or(usize::MAX).min(RECORDS);
        if want == 0 {
            return Ok(0);
        }
        let page = database.records(first, want).await?;
        let Some(key) = self.key(database).await? else { return Ok(0) };
        let count = page.len() as u64;
        if count == 0 {
            return Ok(0);
        }
        let blocks = tokio::task::spawn_blocking(move || blocks_of(&page, &key))
            .await
            .map_err(|error| PortError::unavailable("index records").with_source(error))?;
        let runs = self.runs(database).await?;
        let run = TermRun { number: next_number(runs), first, end: first + count, state: RunState::Live };
        let blocks = blocks.into_iter().map(|block| (run.number, block)).collect();
        database.change_terms(TermChange { runs: vec![run], blocks, ..TermChange::default() }).await?;
        self.runs(database).await?.push(run);
        Ok(count)
    }

    async fn try_tidy(&mut self, database: &dyn Database) -> Result<bool, PortError> {
        let runs = self.runs(database).await?.clone();
        if let Some(retired) = runs.iter().find(|run| run.state == RunState::Retired).map(|run| run.number) {
            let blocks = database.term_blocks(retired, &[], REMOVED).await?;
            let change = if blocks.len() < REMOVED {
                TermChange { drop: vec![retired], ..TermChange::default() }
            } else {
                let remove = blocks.into_iter().map(|block| (retired, block.first)).collect();
                TermChange { remove, ..TermChange::default() }
            };
            let last = !change.drop.is_empty();
            database.change_terms(change).await?;
            if last {
                self.runs(database).await?.retain(|run| run.number != retired);
            }
            return Ok(true);
        }
        if self.merge.is_none() {
            let inputs = merge::plan(&runs);
            if inputs.is_empty() {
                return Ok(false);
            }
            let number = next_number(&runs);
            self.merge = Some(Merge::begin(database, number, inputs).await?);
        }
        let Some(merge) = &mut self.merge else { return Ok(false) };
        if merge.step(database).await? {
            self.merge = None;
            self.runs = None;
        }
        Ok(true)
    }

    /// The catalogue; at first what a crash left is marked to be dropped.
    async fn runs(&mut self, database: &dyn Database) -> Result<&mut Vec<TermRun>, PortError> {
        if self.runs.is_none() {
            let mut runs = database.term_runs().await?;
            for run in &mut runs {
                let being_written = self.merge.as_ref().is_some_and(|merge| merge.number() == run.number);
                if run.state == RunState::Building && !being_written {
                    run.state = RunState::Retired;
                }
            }
            self.runs = Some(runs);
        }
        Ok(self.runs.as_mut().expect("it was read above"))
    }

    async fn key(&mut self, database: &dyn Database) -> Result<Option<TermKey>, PortError> {
        if self.key.is_none() {
            self.key = key_of(database).await?;
        }
        Ok(self.key)
    }
}

fn next_number(runs: &[TermRun]) -> u64 {
    runs.iter().map(|run| run.number + 1).max().unwrap_or(0)
}

fn blocks_of(page: &[StoredRecord], key: &TermKey) -> Vec<crate::ports::TermBlock> {
    let mut entries: Vec<Entry> = Vec::with_capacity(page.len() * 8);
    for record in page {
        match entries_of(record, key) {
            Ok(of_record) => entries.extend(of_record),
            // verification says so louder; the rest of the ledger is still to be found
            Err(error) => tracing::error!(%error, "a record cannot be indexed"),
        }
    }
    entries.sort_unstable();
    let mut writer = BlockWriter::default();
    for entry in entries {
        writer.push(entry);
    }
    writer.finish()
}
