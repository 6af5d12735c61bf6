//! `POST /bytes/boefje_meta`: saves a scan job.

use axum::{body::Body, response::Response};
use strongroom_model::Digest;

use super::super::{ask::Ask, error::Refusal, saved::saved};
use crate::{commands::boefje_meta::SaveBoefjeMeta, wire::models::BoefjeMeta};

/// Saves a scan job. 201; 400 when its id is taken, even by the same job.
pub(in crate::http) async fn save(ask: Ask, body: Body) -> Result<Response, Refusal> {
    let body = ask.metadata(body).await?;
    let meta = BoefjeMeta::from_body(ask.content_type().as_deref(), &body)?;
    let key = ask.once_key(|| Digest::of(&body))?;
    let command = SaveBoefjeMeta { caller: ask.caller.clone(), meta: meta.into() };
    saved(ask.kernel(), &command, key).await
}
