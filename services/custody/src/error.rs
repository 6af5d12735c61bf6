//! Refusals of the service: a status and `{"detail":"<text>"}`.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::json;
use strongroom_http::failure;
use strongroom_model::Error;

/// A refusal with a text.
pub(crate) fn refuse(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "detail": text }))).into_response()
}

/// The answer for an error of the kernel.
pub(crate) fn answer(error: &Error) -> Response {
    failure::report(error);
    let mut response = refuse(failure::status_of(error.kind()), error.public());
    failure::retry_after(&mut response, error);
    response
}
