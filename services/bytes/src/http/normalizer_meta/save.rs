//! `POST /bytes/normalizer_meta`: saves a parser job.

use axum::{body::Body, response::Response};
use strongroom_model::Digest;

use super::super::{ask::Ask, error::Refusal, saved::saved};
use crate::{commands::normalizer_meta::SaveNormalizerMeta, tables, wire::models::NewNormalizerMeta};

/// Saves a parser job. 201; 400 when its id is taken or its raw file is unknown.
pub(in crate::http) async fn save(ask: Ask, body: Body) -> Result<Response, Refusal> {
    let body = ask.metadata(body).await?;
    let new = NewNormalizerMeta::from_body(ask.content_type().as_deref(), &body)?;
    let key = ask.once_key(|| Digest::of(&body))?;
    let meta = tables::NormalizerMeta::from(new);
    saved(ask.kernel(), &SaveNormalizerMeta { caller: ask.caller.clone(), meta }, key).await
}
