//! `POST /api/v1/login`: proves that the credentials work.

use axum::{body::Body, http::StatusCode, response::Response};
use strongroom_http::insert_receipt;
use strongroom_kernel::Unit;

use super::{ask::Ask, error::Refusal};
use crate::commands::LOG_IN;

/// Whoever comes here was let in. 202, empty; the login is recorded first.
pub(super) async fn probe(ask: &Ask) -> Result<Response, Refusal> {
    let receipt = ask.kernel().record(Unit::new(&ask.admitted.caller, LOG_IN)).await?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    insert_receipt(&mut response, &receipt);
    Ok(response)
}
