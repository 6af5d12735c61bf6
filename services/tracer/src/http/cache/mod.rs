//! The cache: accepted traces whose place in the ledger is not final yet.
//!
//! It is a view of the traces and not a store of its own, so that nothing can be in it alone, or be left in it by a
//! crash: a trace is in the cache while its leaf is not among those that are final.

mod change;
mod list;

use std::collections::HashMap;

use strongroom_kernel::{Uuid, from_port};
use strongroom_model::Error;

use super::ask::Ask;
use crate::{
    queries::pending_traces,
    wire::trace::{CacheEntry, Status},
};

pub(super) use change::{change, remove};
pub(super) use list::list;

/// Most entries that are looked at.
const MOST_ENTRIES: u64 = 10_000;
/// Most leaves whose index is looked up.
const MOST_LEAVES: usize = 1_000;

/// The entries, the oldest first; the one of `id` alone if there is one.
async fn entries(ask: &Ask, id: Option<Uuid>) -> Result<Vec<CacheEntry>, Error> {
    let size = ask.state.final_size().await?;
    let behind = ask.state.sequence_behind(size).await?;
    let pending = pending_traces(&ask.kernel().snapshot().await?, behind, id, MOST_ENTRIES).await?;
    if pending.is_empty() {
        return Ok(Vec::new());
    }
    let placed = ask.kernel().database().records(size, MOST_LEAVES).await.map_err(from_port)?;
    let placed: HashMap<u64, u64> = placed.iter().map(|record| (record.sequence, record.index)).collect();
    let origin = ask.kernel().ledger().origin();
    let entry = |(sequence, trace)| match placed.get(&sequence) {
        Some(index) => {
            CacheEntry { trace, status: Status::InLedger, place: Some(format!("{origin}/{index}")) }
        }
        None => CacheEntry::new(trace),
    };
    Ok(pending.into_iter().map(entry).collect())
}

/// Whether the caller may see the entry.
fn may_see(ask: &Ask, entry: &CacheEntry) -> bool {
    let subject = ask.admitted.identified.as_ref().map(|known| known.subject.as_str());
    ask.is_admin() || (subject.is_some() && subject == entry.trace.caller.as_deref())
}
