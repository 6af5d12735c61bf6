//! The answers of witness and mirror: plain text, as the C2SP pages have it.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use strongroom_http::Facts;
use strongroom_ledger::{
    checkpoint::CheckpointError,
    witness::{Refusal, SIZE_MEDIA_TYPE, print_size},
};
use strongroom_model::ErrorKind;

use crate::book::Refused;

pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
/// What changes with every checkpoint.
pub(crate) const FRESH: &str = "no-cache";
/// Tiles never change.
pub(crate) const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// An answer with a body of one kind.
pub(crate) fn body(kind: &'static str, caching: &'static str, body: impl Into<axum::body::Body>) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, caching)], body.into()).into_response()
}

/// A refusal that says in a line what to change.
pub(crate) fn refuse(status: StatusCode, text: &str) -> Response {
    let mut response = body(TEXT, FRESH, format!("{text}\n"));
    *response.status_mut() = status;
    response
}

/// The answer for a checkpoint that was not taken (`c2sp.org/tlog-witness`).
pub(crate) fn refused(refused: &Refused) -> Response {
    match refused {
        Refused::Signature => refuse(StatusCode::FORBIDDEN, &refused.to_string()),
        Refused::Malformed(CheckpointError::EmptyRoot) => {
            refuse(StatusCode::UNPROCESSABLE_ENTITY, &refused.to_string())
        }
        Refused::Malformed(_) => refuse(StatusCode::BAD_REQUEST, &refused.to_string()),
        Refused::Judged(Refusal::Conflict { size }) => {
            let mut response = body(SIZE_MEDIA_TYPE, FRESH, print_size(*size));
            *response.status_mut() = StatusCode::CONFLICT;
            response
        }
        Refused::Judged(refusal) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            refuse(status, &refusal.to_string())
        }
        Refused::Kept(error) => later(error.kind() == ErrorKind::StorageFull, error.public()),
    }
}

/// The answer for what could not be written.
pub(crate) fn unwritten(full: bool) -> Response {
    later(full, if full { "no space is left" } else { "the entries cannot be written, try again" })
}

fn later(full: bool, text: &str) -> Response {
    let status = if full { StatusCode::INSUFFICIENT_STORAGE } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = refuse(status, text);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Tells the access line which route it was.
pub(crate) fn noted(mut response: Response, route: &'static str) -> Response {
    response.extensions_mut().insert(Facts { route: Some(route), ..Facts::default() });
    response
}
