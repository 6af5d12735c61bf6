//! `GET /api/v1/traces/{x}`: the trace of that id or, where there is none, the traces of that user.
//!
//! The newest version means a trace here, the first one a user, and both draw UUIDs: what is stored decides.

use axum::{
    http::{HeaderValue, StatusCode},
    response::Response,
};
use strongroom_kernel::Uuid;

use super::super::{answer, ask::Ask, error::Refusal};
use crate::{
    commands::READ_TRACES,
    queries::{self, Readable, find_trace},
    tables::fold,
    wire::{
        query::{Limits, Search},
        trace::{NamedTrace, array},
    },
};

/// Traces of a user that are answered unless asked for another number.
const OF_A_USER: u64 = 1_000;
/// Header with the number of all traces of a user.
const TOTAL: &str = "strongroom-total-count";

/// 200 with an object, or with an array that may be empty.
pub(in crate::http) async fn get(ask: &Ask) -> Result<Response, Refusal> {
    let snapshot = ask.kernel().snapshot().await?;
    let readable = ask.readable();
    if let Ok(id) = Uuid::try_parse(ask.segment())
        && let Some(trace) = find_trace(&snapshot, id).await?
    {
        if !may_read(&trace, &readable) {
            ask.kernel().record_denial(&ask.admitted.caller, READ_TRACES);
            return Err(Refusal::plain(StatusCode::FORBIDDEN, "this trace is not yours to read"));
        }
        let ledger = serde_json::Value::from(ask.state.config().ledger_name.as_str());
        let body = format!(r#"{{"traces":[{{"blockchain":{ledger},"trace":{}}}]}}"#, trace.whole());
        return Ok(answer::text(StatusCode::OK, body));
    }
    let limits = Limits { default: OF_A_USER, ..ask.state.limits() };
    let page = ask.query().page(limits).map_err(Refusal::Query)?;
    let of_user = Search { users: vec![ask.segment().to_owned()], page, ..Search::default() };
    let found = queries::search(&snapshot, &of_user, &readable, 0).await?;
    let mut response = answer::text(StatusCode::OK, array(found.traces.iter().map(NamedTrace::whole)));
    response.headers_mut().insert(TOTAL, HeaderValue::from(found.total));
    Ok(response)
}

pub(super) fn may_read(trace: &NamedTrace, readable: &Readable) -> bool {
    let Readable::Own(name) = readable else { return true };
    let is_own = |person: &Option<String>| person.as_deref().is_some_and(|known| fold(known) == fold(name));
    is_own(&trace.user) || is_own(&trace.caller)
}
