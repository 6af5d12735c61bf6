//! `GET /api/v1/statistics/datasets/{id}`.

use axum::{http::StatusCode, response::Response};
use serde_json::{Map, Value, json};

use super::{Tells, bound, by_action, question};
use crate::{
    http::{ask::Ask, error::Refusal},
    queries::statistics::{Beside, Scope, of_dataset},
    wire::instant::iso,
};

/// One dataset: totals, datasets used with it, models made of it. 200, 400, 403, 422; 404 where it has fewer users
/// than `minUsers` asks for.
pub(in crate::http) async fn dataset(ask: &Ask) -> Result<Response, Refusal> {
    let question = question(ask, Tells::Aggregates)?;
    let dataset = ask.segment();
    let _place = ask.state.statistics().await;
    let scope = Scope::new(ask.kernel(), &question).await?;
    let Some(detail) = of_dataset(ask.kernel(), &scope, &question, dataset).await? else {
        return Err(Refusal::plain(StatusCode::NOT_FOUND, "it has fewer users than minUsers asks for"));
    };
    let beside = |member: &str, items: &[Beside]| {
        let item = |item: &Beside| json!({ member: item.id, "traces": item.traces });
        Value::Array(items.iter().map(item).collect())
    };
    let (first, last) = detail.span.unzip();
    let mut members = Map::new();
    members.insert("datasetId".to_owned(), dataset.into());
    members.insert("traces".to_owned(), detail.traces.into());
    members.insert("uses".to_owned(), detail.uses.into());
    members.insert("users".to_owned(), detail.users.into());
    members.insert("first".to_owned(), first.map(iso).into());
    members.insert("last".to_owned(), last.map(iso).into());
    members.insert("byAction".to_owned(), by_action(&detail.by_action));
    members.insert("usedWith".to_owned(), beside("datasetId", &detail.beside));
    members.insert("models".to_owned(), beside("modelId", &detail.models));
    bound(ask, &scope, members).await
}
