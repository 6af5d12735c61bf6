//! Erasure: names that a record no longer gives leave the index.

use std::collections::{BTreeMap, BTreeSet};

use crate::ports::{Database, PortError, RunState, StoredRecord, TermBlock, TermChange};

use super::{
    block::{self, BlockWriter, Entry, key},
    build::Indexer,
    entries::{entries_of, key_of},
};

/// Takes out of the index what records name now and will no longer name; returns how many entries were taken out.
///
/// `changed` has each record as it is and as it will be, with openings that are `null`. To be called before the openings are destroyed, so that a crash between
/// the two is mended by calling it again; safe to call twice.
///
/// `indexer` is whoever else builds the index of this database: a merge of his is given up.
///
/// # Errors
/// `Corrupt` when a record or a block cannot be read; `Unavailable`, `Full`.
pub async fn forget(
    database: &dyn Database,
    indexer: &mut Indexer,
    changed: &[(StoredRecord, StoredRecord)],
) -> Result<u64, PortError> {
    let Some(key_of_index) = key_of(database).await? else { return Ok(0) };
    let mut lost: BTreeSet<Entry> = BTreeSet::new();
    for (before, after) in changed {
        let kept: BTreeSet<Entry> = entries_of(after, &key_of_index)?.into_iter().collect();
        lost.extend(entries_of(before, &key_of_index)?.into_iter().filter(|entry| !kept.contains(entry)));
    }
    indexer.interrupt();
    // what a merge left half written holds copies: it goes whole
    for run in database.term_runs().await?.iter().filter(|run| run.state != RunState::Live) {
        database.change_terms(TermChange { drop: vec![run.number], ..TermChange::default() }).await?;
    }
    let mut taken = 0;
    for run in database.term_runs().await? {
        let mut touched: BTreeMap<Vec<u8>, (TermBlock, BTreeSet<Entry>)> = BTreeMap::new();
        for entry in lost.iter().filter(|(_, leaf)| (run.first..run.end).contains(leaf)) {
            if let Some(block) = database.term_blocks(run.number, &key(*entry), 1).await?.pop() {
                touched
                    .entry(block.first.clone())
                    .or_insert_with(|| (block, BTreeSet::new()))
                    .1
                    .insert(*entry);
            }
        }
        for (first, (block, out)) in touched {
            let entries = block::read(&block)?;
            let before = entries.len();
            let kept: Vec<Entry> = entries.into_iter().filter(|entry| !out.contains(entry)).collect();
            if kept.len() == before {
                continue;
            }
            taken += (before - kept.len()) as u64;
            let mut writer = BlockWriter::default();
            for entry in kept {
                writer.push(entry);
            }
            let blocks = writer.finish().into_iter().map(|block| (run.number, block)).collect();
            let change = TermChange { remove: vec![(run.number, first)], blocks, ..TermChange::default() };
            database.change_terms(change).await?;
        }
    }
    Ok(taken)
}
