//! Looking a name up.

use std::ops::Range;

use crate::ports::{Database, PortError, RunState, TermRun};

use super::{
    block::{self, key},
    entries::{covered, entries_of, key_of},
    term::{Term, TermKind},
};

/// Blocks read at once: a name in few leaves is in one or two.
const BLOCKS: usize = 4;
/// Records of one page behind the index.
const PAGE: usize = 1_024;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The leaves, in order.
    pub leaves: Vec<u64>,
    /// Where to go on, when there may be more.
    pub next: Option<u64>,
}

/// The leaves within `range` that name `name`, in order, at most `limit`. `read_behind` records behind the index are
/// read one by one, at most; then the answer ends early and says where to go on.
///
/// # Errors
/// `Unavailable`, `Corrupt`.
pub async fn find(
    database: &dyn Database,
    kind: TermKind,
    name: &str,
    range: Range<u64>,
    limit: usize,
    read_behind: u64,
) -> Result<Found, PortError> {
    let Some(key) = key_of(database).await? else { return Ok(Found { leaves: Vec::new(), next: None }) };
    let term = key.term(kind, name);
    let runs = database.term_runs().await?;
    let covered = covered(&runs);
    let mut leaves = Vec::new();
    let mut from = 0;
    for run in runs.iter().filter(|run| run.state == RunState::Live) {
        // a run that overlaps what was looked through is a rest of a merge
        if run.first != from {
            continue;
        }
        from = run.end;
        let part = range.start.max(run.first)..range.end.min(run.end);
        if !part.is_empty() && leaves.len() <= limit {
            in_run(database, run, term, part, limit + 1, &mut leaves).await?;
        }
    }
    let mut behind = range.start.max(covered);
    let stop = range.end.min(behind.saturating_add(read_behind));
    while behind < stop && leaves.len() <= limit {
        let want = usize::try_from(stop - behind).unwrap_or(usize::MAX).min(PAGE);
        let page = database.records(behind, want).await?;
        if page.is_empty() {
            break;
        }
        for record in &page {
            if entries_of(record, &key).is_ok_and(|entries| entries.iter().any(|entry| entry.0 == term)) {
                leaves.push(record.index);
            }
        }
        behind += page.len() as u64;
    }
    let next = match leaves.get(limit) {
        Some(more) => Some(*more),
        None => (stop < range.end && behind >= stop).then_some(stop),
    };
    leaves.truncate(limit);
    Ok(Found { leaves, next })
}

async fn in_run(
    database: &dyn Database,
    run: &TermRun,
    term: Term,
    part: Range<u64>,
    limit: usize,
    leaves: &mut Vec<u64>,
) -> Result<(), PortError> {
    let mut from = key((term, part.start));
    let mut skip_first = false;
    loop {
        let blocks = database.term_blocks(run.number, &from, BLOCKS).await?;
        let count = blocks.len();
        let Some(last) = blocks.last().map(|block| block.first.clone()) else { return Ok(()) };
        for block in blocks.iter().skip(usize::from(skip_first)) {
            let entries = block::read(block)?;
            for (found, leaf) in entries {
                if found > term || (found == term && leaf >= part.end) || leaves.len() >= limit {
                    return Ok(());
                }
                if found == term && part.contains(&leaf) {
                    leaves.push(leaf);
                }
            }
        }
        if count < BLOCKS {
            return Ok(());
        }
        (from, skip_first) = (last, true);
    }
}
