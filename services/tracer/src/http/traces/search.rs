//! `GET /api/v1/traces`: traces by filters, the newest first.

use axum::{http::StatusCode, response::Response};

use super::super::{answer, ask::Ask, error::Refusal};
use crate::{
    queries,
    wire::trace::{NamedTrace, array},
};

/// A page of the traces that match, how many do and, where a cursor was asked for, where the next page begins.
/// 200, 400.
pub(in crate::http) async fn search(ask: &Ask) -> Result<Response, Refusal> {
    let ledger = &ask.state.config().ledger_name;
    let asked = ask.query().search(ledger, ask.state.limits()).map_err(Refusal::Query)?;
    let behind = ask.state.sequence_behind(ask.state.final_size().await?).await?;
    let snapshot = ask.kernel().snapshot().await?;
    let found = queries::search(&snapshot, &asked, &ask.readable(), behind).await?;
    let name = serde_json::Value::from(ledger.as_str());
    let lines = array(found.traces.iter().map(NamedTrace::line));
    // clients of the original get what they know, and no member more
    let next = asked.page.cursor.map_or_else(String::new, |_| {
        format!(r#","nextCursor":{}"#, serde_json::Value::from(found.next.as_deref()))
    });
    let body = format!(
        r#"{{"traces":[{{"blockchain":{name},"traces":{lines},"countAllTraces":{}{next}}}]}}"#,
        found.total
    );
    Ok(answer::text(StatusCode::OK, body))
}
