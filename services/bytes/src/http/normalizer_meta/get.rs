//! `GET /bytes/normalizer_meta/{normalizer_meta_id}`: a parser job.

use axum::{http::StatusCode, response::Response};

use super::super::{answer, ask::Ask, error::Refusal};
use crate::queries::find_normalizer_meta;

/// A parser job with the stored record of its raw file. 200, 404.
pub(in crate::http) async fn get(ask: &Ask) -> Result<Response, Refusal> {
    let id = ask.path_uuid("normalizer_meta_id")?;
    let snapshot = ask.kernel().snapshot().await?;
    let found = find_normalizer_meta(&snapshot, id).await?;
    let found = found.ok_or(Refusal::Detail(StatusCode::NOT_FOUND, "Normalizer meta not found"))?;
    let mut body = String::new();
    ask.state.mask().parser_job(found).push_json(&mut body);
    Ok(answer::json(StatusCode::OK, body))
}
