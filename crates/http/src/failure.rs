//! What an error of a use-case is over HTTP, where the service's clients expect nothing else.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use strongroom_model::{Error, ErrorKind};

/// The status of a kind of error (RFC 9110 §15, RFC 6585 §4, RFC 4918 §11.5).
pub const fn status_of(kind: ErrorKind) -> StatusCode {
    // no wildcard: a new kind must be decided here
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Denied => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::Unsupported => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Writes a line for what is the server's fault: an error for what should never be, a warning for what may pass.
pub fn report(error: &Error) {
    match error.kind() {
        ErrorKind::Internal => tracing::error!(error = %error.diagnosis(), "request failed"),
        kind if status_of(kind).is_server_error() => {
            tracing::warn!(error = %error.diagnosis(), "request not carried out");
        }
        _ => {}
    }
}

/// Tells when to ask again, if the error knows: `Retry-After` in whole seconds, at least one (RFC 9110 §10.2.3).
pub fn retry_after(response: &mut Response, error: &Error) {
    if let Some(after) = error.retry_after() {
        let seconds = HeaderValue::from(after.as_secs().max(1));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
}
