//! `GET /bytes/boefje_meta/{boefje_meta_id}`: a scan job.

use axum::{http::StatusCode, response::Response};
use strongroom_kernel::Value;

use super::super::{answer, ask::Ask, error::Refusal};
use crate::{tables::BoefjeMeta, wire::models};

/// A scan job. 200, 404.
pub(in crate::http) async fn get(ask: &Ask) -> Result<Response, Refusal> {
    let id = ask.path_uuid("boefje_meta_id")?;
    let snapshot = ask.kernel().snapshot().await?;
    let row: BoefjeMeta = snapshot.get(&[Value::Id(id)], "Boefje meta not found").await?;
    let mut body = String::new();
    ask.state.mask().job(models::BoefjeMeta::from(row)).push_json(&mut body);
    Ok(answer::json(StatusCode::OK, body))
}
