//! The index made again, and held against the records.

use std::hash::{BuildHasher as _, RandomState};

use serde_json::Value as Json;

use crate::{
    ports::{Database, PortError, RunState, StoredRecord, TermChange},
    progress::Progress,
};

use super::{
    block::{self, Entry},
    build::Indexer,
    entries::covered,
    term::{TermKey, names},
};

/// Blocks read or removed at once.
const PAGE: usize = 64;

/// Drops the index and makes it again from the records; nobody else may build it meanwhile.
///
/// # Errors
/// `Unavailable`, `Full`; it can be started again.
pub async fn rebuild(database: &dyn Database, progress: &dyn Progress) -> Result<(), PortError> {
    let size = database.head().await?.size;
    progress.begin("index", size);
    for run in database.term_runs().await? {
        loop {
            let blocks = database.term_blocks(run.number, &[], PAGE).await?;
            let last = blocks.len() < PAGE;
            let remove = blocks.into_iter().map(|block| (run.number, block.first)).collect();
            let drop = if last { vec![run.number] } else { Vec::new() };
            database.change_terms(TermChange { remove, drop, ..TermChange::default() }).await?;
            if last {
                break;
            }
        }
    }
    let mut indexer = Indexer::default();
    loop {
        let taken = indexer.append(database, size).await?;
        progress.advance(taken);
        if taken == 0 {
            break;
        }
        while indexer.tidy(database).await? {}
    }
    Ok(())
}

/// Adds entries up, in whatever order they come: sums of equal sets are equal, and sums of others are not but by
/// chance. The hash is keyed anew in each process, so nobody can aim at it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sum {
    states: (RandomState, RandomState),
    sums: (u64, u64),
    entries: u64,
}

impl Sum {
    fn add(&mut self, entry: Entry) {
        self.sums.0 = self.sums.0.wrapping_add(self.states.0.hash_one(entry));
        self.sums.1 = self.sums.1.wrapping_add(self.states.1.hash_one(entry));
        self.entries += 1;
    }

    /// Adds what the index must have of a record that says `plain` in the clear; false when it cannot be read.
    pub(crate) fn add_record(&mut self, record: &StoredRecord, plain: &Json, key: &TermKey) -> bool {
        let Ok(canonical) = serde_json::from_slice::<Json>(&record.canonical) else { return false };
        for (kind, name) in names(&canonical, plain) {
            self.add((key.term(kind, &name), record.index));
        }
        true
    }

    /// A sum of nothing that can be compared with this one.
    fn fresh(&self) -> Self {
        Self { states: self.states.clone(), sums: (0, 0), entries: 0 }
    }
}

/// How many leaves the index covers now.
///
/// # Errors
/// `Unavailable`.
pub(crate) async fn covers(database: &dyn Database) -> Result<u64, PortError> {
    Ok(covered(&database.term_runs().await?))
}

/// Whether the index has exactly the entries that were added up from the records of the first `size` leaves; `None`
/// when it changed while it was read.
///
/// # Errors
/// `Unavailable`, `Corrupt` when a block cannot be read.
pub(crate) async fn compare(
    database: &dyn Database,
    expected: &Sum,
    size: u64,
    progress: &dyn Progress,
) -> Result<Option<bool>, PortError> {
    let before = database.term_runs().await?;
    let mut found = expected.fresh();
    let mut from = 0;
    progress.begin("index", covered(&before).min(size));
    for run in before.iter().filter(|run| run.state == RunState::Live) {
        if run.first != from || run.first >= size {
            continue;
        }
        from = run.end;
        let mut after: Option<Vec<u8>> = None;
        loop {
            let blocks = database.term_blocks(run.number, after.as_deref().unwrap_or_default(), PAGE).await?;
            let known = after.clone();
            let mut any = false;
            for block in blocks.iter().filter(|block| known.as_ref() != Some(&block.first)) {
                any = true;
                for entry in block::read(block)?.into_iter().filter(|(_, leaf)| *leaf < size) {
                    found.add(entry);
                }
                after = Some(block.first.clone());
            }
            if !any {
                break;
            }
        }
        progress.advance(run.end.min(size) - run.first);
    }
    let unchanged = database.term_runs().await? == before;
    let equal = (found.sums, found.entries) == (expected.sums, expected.entries);
    Ok((equal || unchanged).then_some(equal))
}
