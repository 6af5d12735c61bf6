//! Searches: any of the values of one filter, all of the filters; the newest first, with the number of all that match.
//!
//! A search is a set of ranges, each in the order of an index that begins with what its filter fixes (`plan`). The
//! page is merged from these ranges (`page`). How many match is a sum of kept counts, or a count within the same
//! ranges of the index where no kept count is as fine (`total`): never a look at all traces.

mod page;
mod plan;
mod statement;
mod total;

pub(super) use plan::ACTION_ALONE;

use strongroom_kernel::{Snapshot, Uuid, Value};
use strongroom_model::Error;

use super::{persons_folded, trace::in_order};
use crate::{
    tables::fold,
    wire::{
        action::UserAction,
        query::{Cursor, Search},
        trace::NamedTrace,
    },
};

use plan::Plan;

/// A page of the traces that match, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The page, the newest first.
    pub traces: Vec<NamedTrace>,
    /// How many match, on this page and on others.
    pub total: u64,
    /// Where the next page begins, if a cursor was asked for and this page is full.
    pub next: Option<String>,
}

/// Whose traces may be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readable {
    /// All.
    All,
    /// Those this person is in, as who acted or as who said so.
    Own(String),
}

/// Carries a search out. What units from `behind` on wrote is not final, and left out where the search says so.
///
/// # Errors
/// `Unavailable`.
pub async fn search(
    snapshot: &Snapshot,
    search: &Search,
    readable: &Readable,
    behind: u64,
) -> Result<Found, Error> {
    let Some(plan) = plan(snapshot, search, readable, behind).await? else {
        return Ok(Found { traces: Vec::new(), total: 0, next: None });
    };
    let places = match search.page.limit {
        0 => Vec::new(),
        _ => plan.page(snapshot, search.page).await?,
    };
    let is_full = search.page.limit > 0 && places.len() as u64 == search.page.limit;
    let next = match (search.page.cursor, places.last()) {
        (Some(_), Some(last)) if is_full => Some(Cursor::text(last.time, last.sequence)),
        _ => None,
    };
    let ids: Vec<Uuid> = places.iter().map(|place| place.id).collect();
    let traces = in_order(snapshot, &ids).await?;
    Ok(Found { traces, total: plan.total(snapshot).await?, next })
}

/// The statements of a search, for its page and its total, as they would be asked; `None` when some filter is fulfilled
/// by nobody. So that it can be seen how a database carries them out.
///
/// # Errors
/// `Unavailable`.
pub async fn search_statements(
    snapshot: &Snapshot,
    search: &Search,
    readable: &Readable,
) -> Result<Option<[(String, Vec<Value>); 2]>, Error> {
    let plan = plan(snapshot, search, readable, 0).await?;
    Ok(plan.map(|plan| {
        let (total, params, _) = plan.total_statement();
        [plan.page_statement(search.page), (total, params)]
    }))
}

/// The search with its words replaced by what rows hold; `None` when some filter is fulfilled by nobody.
async fn plan(
    snapshot: &Snapshot,
    search: &Search,
    readable: &Readable,
    behind: u64,
) -> Result<Option<Plan>, Error> {
    let users = persons_folded(snapshot, &search.users).await?;
    let callers = persons_folded(snapshot, &search.callers).await?;
    if users.is_empty() != search.users.is_empty() || callers.is_empty() != search.callers.is_empty() {
        return Ok(None);
    }
    let own = match readable {
        Readable::All => None,
        Readable::Own(name) => {
            let own = persons_folded(snapshot, std::slice::from_ref(name)).await?;
            if own.is_empty() {
                return Ok(None);
            }
            Some(own)
        }
    };
    let mut datasets: Vec<String> = search.datasets.iter().map(|dataset| fold(dataset)).collect();
    datasets.sort_unstable();
    datasets.dedup();
    let actions = if search.actions.is_empty() { UserAction::ALL.to_vec() } else { search.actions.clone() };
    let final_before = search.final_only.then_some(behind);
    Ok(Some(Plan { datasets, users, callers, own, actions, from: search.from, to: search.to, final_before }))
}
