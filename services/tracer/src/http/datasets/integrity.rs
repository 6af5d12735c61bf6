//! `POST /api/v1/datasets/{id}/integrity`: whether a dataset is what was recorded when it was made; an addition.

use axum::{body::Body, http::StatusCode, response::Response};
use serde_json::json;

use super::super::{answer, ask::Ask, error::Refusal, traces::proof_of};
use crate::{
    queries,
    wire::{
        action::UserAction,
        instant::iso,
        integrity::{self, Verdict},
        query::{Page, Search},
        resource::Resource,
    },
};

/// Holds what is sent against the newest trace that made the dataset or a version of it. 200 with a verdict per resource
/// and the proof of that trace; 400, 422; 404 where nothing is known of the dataset.
pub(in crate::http) async fn integrity(ask: Ask, body: Body) -> Result<Response, Refusal> {
    let dataset = ask.segment().to_owned();
    let newest = Search {
        datasets: vec![dataset.clone()],
        actions: vec![UserAction::CreateDataset, UserAction::CreateVersionDataset],
        page: Page { limit: 1, ..Page::default() },
        ..Search::default()
    };
    let snapshot = ask.kernel().snapshot().await?;
    let found = queries::search(&snapshot, &newest, &ask.readable(), 0).await?.traces.pop();
    drop(snapshot);
    let Some(trace) = found else {
        return Err(Refusal::plain(StatusCode::NOT_FOUND, "no trace says that this dataset was made"));
    };
    let list = trace.trace.resources.as_ref().map_or("[]", |list| &list.0);
    let recorded: Vec<Resource> = serde_json::from_str(list).unwrap_or_default();
    let (_, checked) = ask.body(body, move |bytes| integrity::check(bytes, &recorded)).await?;
    let checked = checked?;
    let asked = checked.iter().filter(|one| one.verdict != Verdict::NotChecked);
    let intact = asked.into_iter().all(|one| one.verdict == Verdict::Intact);
    let answer = json!({
        "datasetId": dataset,
        "traceId": trace.trace.id,
        "timestamp": iso(trace.trace.time),
        "intact": intact,
        "resources": checked,
        "proof": proof_of(&ask, trace.trace.id).await?,
    });
    Ok(answer::json(StatusCode::OK, &answer))
}
