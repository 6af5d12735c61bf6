//! `GET /api/v1/statistics/anomalies`.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{Tells, bound, question};
use crate::{
    http::{ask::Ask, error::Refusal},
    queries::statistics::{self, Scope},
    wire::instant::iso,
};

/// Uses that stand out, each with the traces that show it. 200, 400, 403, 422.
pub(in crate::http) async fn anomalies(ask: &Ask) -> Result<Response, Refusal> {
    let question = question(ask, Tells::Persons)?;
    let _place = ask.state.statistics().await;
    let scope = Scope::new(ask.kernel(), &question).await?;
    let found = statistics::anomalies(ask.kernel(), &scope, &question).await?;
    let items = found.into_iter().map(|anomaly| {
        json!({
            "rule": anomaly.rule,
            "userId": anomaly.user,
            "datasetId": anomaly.dataset,
            "time": iso(anomaly.time),
            "what": anomaly.what,
            "traces": anomaly.traces.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    let mut members = Map::new();
    members.insert("items".to_owned(), Value::Array(items.collect()));
    bound(ask, &scope, members).await
}
