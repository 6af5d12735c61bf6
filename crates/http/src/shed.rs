//! Turns requests away, from their head, while more is asked than can be done.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use strongroom_kernel::Kernel;

use crate::metrics::Metrics;

/// The answer to a request that cannot be served now, or `None` when it can.
///
/// Services ask before they read the body. The body of the answer is JSON with the one key `detail`.
pub fn shed(kernel: &Kernel, metrics: &Metrics) -> Option<Response> {
    if !kernel.overloaded() {
        return None;
    }
    metrics.count_shed();
    let head = [(header::CONTENT_TYPE, "application/json"), (header::RETRY_AFTER, "1")];
    let body = r#"{"detail":"more is asked than can be done now, try again"}"#;
    Some((StatusCode::SERVICE_UNAVAILABLE, head, body).into_response())
}
