//! `GET /api/v1/traces/cache`: what is in the cache.

use axum::{http::StatusCode, response::Response};

use super::{
    super::{answer, ask::Ask, error::Refusal},
    entries, may_see,
};
use crate::wire::trace::{CacheEntry, array};

/// The caller's entries; an administrator sees all. `detailed` is read and changes nothing, as in the original. 200.
pub(in crate::http) async fn list(ask: &Ask) -> Result<Response, Refusal> {
    ask.query().flag("detailed").map_err(Refusal::Query)?;
    let ledger = &ask.state.config().ledger_name;
    let entries: Vec<CacheEntry> = entries(ask, None).await?;
    let seen = entries.iter().filter(|entry| may_see(ask, entry)).map(|entry| entry.to_json(ledger));
    Ok(answer::text(StatusCode::OK, array(seen)))
}
