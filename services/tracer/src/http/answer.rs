//! Answers: JSON, of a value or written already.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// JSON text.
pub(super) fn text(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    // who did what is nobody's to keep on the way
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A value as JSON.
///
/// # Panics
/// Never: answers are texts, numbers and lists of them.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    text(status, serde_json::to_vec(value).expect("answers are always JSON"))
}

/// A list of words.
pub(super) fn words(words: &[&str]) -> Response {
    json(StatusCode::OK, &words)
}
