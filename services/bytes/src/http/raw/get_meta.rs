//! `GET /bytes/raw/{raw_id}/meta`: the record of a raw file.

use axum::{http::StatusCode, response::Response};

use super::super::{answer, ask::Ask, error::Refusal};
use crate::convert;

/// The record of a raw file. 200, 404.
pub(in crate::http) async fn get_meta(ask: &Ask) -> Result<Response, Refusal> {
    let (raw, boefje_meta) = super::named(ask).await?;
    let mut body = String::new();
    ask.state.mask().raw(convert::raw_meta(raw, boefje_meta)).push_json(&mut body);
    Ok(answer::json(StatusCode::OK, body))
}
