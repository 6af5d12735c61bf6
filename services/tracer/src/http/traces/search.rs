//! `GET /api/v1/traces`: traces by filters, the newest first.

use axum::{http::StatusCode, response::Response};

use super::super::{answer, ask::Ask, error::Refusal};
use crate::{
    queries,
    wire::trace::{NamedTrace, array},
};

/// A page of the traces that match, and how many do. 200, 400.
pub(in crate::http) async fn search(ask: &Ask) -> Result<Response, Refusal> {
    let ledger = &ask.state.config().ledger_name;
    let asked = ask.query().search(ledger, ask.state.limits()).map_err(Refusal::Query)?;
    let snapshot = ask.kernel().snapshot().await?;
    let found = queries::search(&snapshot, &asked, &ask.readable()).await?;
    let name = serde_json::Value::from(ledger.as_str());
    let lines = array(found.traces.iter().map(NamedTrace::line));
    let body = format!(
        r#"{{"traces":[{{"blockchain":{name},"traces":{lines},"countAllTraces":{}}}]}}"#,
        found.total
    );
    Ok(answer::text(StatusCode::OK, body))
}
