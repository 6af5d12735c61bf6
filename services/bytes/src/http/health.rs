//! `GET /health`: healthy as long as it answers, whatever the state of anything behind it.
//!
//! The scheduler refuses to start otherwise. Readiness is `/readyz` of the main listener.

use axum::{http::StatusCode, response::Response};

use super::answer;

/// Version of the imitated interface.
const INTERFACE_VERSION: &str = "0.0.1.dev1";

/// Says that the service is there.
pub(super) fn get() -> Response {
    let body = format!(
        r#"{{"service":"bytes","healthy":true,"version":"{INTERFACE_VERSION}","additional":null,"results":[]}}"#
    );
    answer::json(StatusCode::OK, body)
}
