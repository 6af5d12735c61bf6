//! The cache: accepted traces whose place in the ledger is not final yet.
//!
//! It is a view of the traces and not a store of its own, so that nothing can be in it alone, or be left in it by a
//! crash: a trace is in the cache while its leaf is not among those that are final, or while files that it gives by
//! their address are to be fetched, or could not be had.

mod change;
mod list;

use std::collections::{BTreeMap, HashMap, HashSet};

use strongroom_kernel::{Uuid, from_port};
use strongroom_model::Error;

use super::ask::Ask;
use crate::{
    queries::{pending_traces, traces_in_order, unfinished_fetches},
    tables::{FAILED, ResourceFetch},
    wire::{
        instant::iso,
        trace::{CacheEntry, NamedTrace, Status},
    },
};

pub(super) use change::{change, remove};
pub(super) use list::list;

/// Most entries that are looked at.
const MOST_ENTRIES: u64 = 10_000;
/// Most files on their way that are looked at, and most that were given up.
const MOST_FILES: u64 = 1_000;
/// Most leaves whose index is looked up.
const MOST_LEAVES: usize = 1_000;

/// The entries, the oldest first; the one of `id` alone if there is one.
async fn entries(ask: &Ask, id: Option<Uuid>) -> Result<Vec<CacheEntry>, Error> {
    let size = ask.state.final_size().await?;
    let behind = ask.state.sequence_behind(size).await?;
    let snapshot = ask.kernel().snapshot().await?;
    let files = unfinished_fetches(&snapshot, id, MOST_FILES).await?;
    let mut kept: BTreeMap<u64, NamedTrace> =
        pending_traces(&snapshot, behind, id, MOST_ENTRIES).await?.into_iter().collect();
    let known: HashSet<Uuid> = kept.values().map(|trace| trace.trace.id).collect();
    let mut settled: Vec<Uuid> =
        files.iter().map(|file| file.trace).filter(|trace| !known.contains(trace)).collect();
    settled.sort_unstable();
    settled.dedup();
    kept.extend(traces_in_order(&snapshot, &settled).await?);
    drop(snapshot);
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let places = places(ask, size, behind, kept.keys().copied()).await?;
    let mut by_trace: HashMap<Uuid, Vec<ResourceFetch>> = HashMap::new();
    for file in files {
        by_trace.entry(file.trace).or_default().push(file);
    }
    let (origin, published) = (ask.kernel().ledger().origin(), ask.kernel().ledger().published().size);
    let waits_for = ask.state.waits_for();
    let entries = kept.into_iter().map(|(sequence, trace)| {
        let files = by_trace.remove(&trace.trace.id).unwrap_or_default();
        let mut entry = CacheEntry::new(trace);
        if let Some(index) = places.get(&sequence) {
            entry.status = Status::InLedger;
            entry.place = Some(format!("{origin}/{index}"));
            if (size..published).contains(index) {
                entry.message = waits_for.map(str::to_owned);
            }
        }
        tell_files(&mut entry, &files);
        entry
    });
    Ok(entries.collect())
}

/// The indexes of the leaves of these units, where they have one.
async fn places(
    ask: &Ask,
    size: u64,
    behind: u64,
    sequences: impl Iterator<Item = u64>,
) -> Result<HashMap<u64, u64>, Error> {
    let placed = ask.kernel().database().records(size, MOST_LEAVES).await.map_err(from_port)?;
    let mut places: HashMap<u64, u64> = placed.iter().map(|record| (record.sequence, record.index)).collect();
    for sequence in sequences.filter(|sequence| *sequence < behind) {
        let record = ask.kernel().ledger().record_of_unit(sequence, size).await.map_err(from_port)?;
        places.insert(sequence, record.index);
    }
    Ok(places)
}

/// What the files of an entry come to: one that was given up, or the number of those on their way.
fn tell_files(entry: &mut CacheEntry, files: &[ResourceFetch]) {
    let Some(changed) = files.iter().map(|file| file.changed).max() else { return };
    entry.changed = Some(changed);
    let failed = |file: &&ResourceFetch| file.state == FAILED;
    entry.status = if files.iter().any(|file| failed(&file)) { Status::Failed } else { Status::Fetching };
    let told = files.iter().find(failed).or_else(|| files.iter().find(|file| file.message.is_some()));
    entry.message = told.map(|file| {
        let (place, tries) = (file.place, file.tries);
        let why = file.message.as_deref().unwrap_or_default();
        let then = if file.state == FAILED {
            "given up".to_owned()
        } else {
            format!("next try at {}", iso(file.due))
        };
        format!("resources[{place}].url could not be fetched: {why} (tries: {tries}, {then})")
    });
}

/// Whether the caller may see the entry.
fn may_see(ask: &Ask, entry: &CacheEntry) -> bool {
    let subject = ask.admitted.identified.as_ref().map(|known| known.subject.as_str());
    ask.is_admin() || (subject.is_some() && subject == entry.trace.caller.as_deref())
}
