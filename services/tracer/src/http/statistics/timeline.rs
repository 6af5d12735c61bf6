//! `GET /api/v1/statistics/timeline`.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{Tells, bound, question};
use crate::{
    http::{ask::Ask, error::Refusal},
    queries::statistics::{self, Scope},
    wire::{instant::iso, statistics::Question},
};

/// Traces and users per hour, day, week or month. Numbers of fewer users than asked are null. 200, 400, 403, 422.
pub(in crate::http) async fn timeline(ask: &Ask) -> Result<Response, Refusal> {
    let question = question(ask, Tells::Aggregates)?;
    let bucket = Question::bucket(&ask.query()).map_err(Refusal::Query)?;
    let _place = ask.state.statistics().await;
    let scope = Scope::new(ask.kernel(), &question).await?;
    let bars = statistics::timeline(ask.kernel(), &scope, &question, bucket).await?;
    let bars = bars.into_iter().map(|bar| {
        let (traces, users) = bar.counts.unzip();
        json!({ "start": iso(bar.start), "traces": traces, "users": users })
    });
    let mut members = Map::new();
    members.insert("buckets".to_owned(), Value::Array(bars.collect()));
    bound(ask, &scope, members).await
}
