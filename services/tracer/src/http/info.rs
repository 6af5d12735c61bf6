//! `GET /api/v1`: name and version of the service. Lists that depend on the configuration.

use axum::{http::StatusCode, response::Response};
use serde::Serialize;

use super::{answer, ask::Ask};
use crate::wire::lists::UPDATE_DETAILS;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info<'a> {
    name: &'a str,
    version: &'static str,
    entity: &'a str,
    year_min: u16,
    year_max: u16,
}

/// What the service says of itself.
pub(super) fn get(ask: &Ask) -> Response {
    let info = &ask.state.config().info;
    let version = env!("CARGO_PKG_VERSION");
    let info = Info {
        name: &info.name,
        version,
        entity: &info.entity,
        year_min: info.year_min,
        year_max: info.year_max,
    };
    answer::json(StatusCode::OK, &info)
}

#[derive(Serialize)]
struct Health {
    healthy: bool,
    unpublished: u64,
}

/// Whether traces are accepted, and how many leaves the published checkpoint does not cover yet. 200, 503.
pub(super) fn health(ask: &Ask) -> Response {
    let readiness = ask.kernel().readiness();
    let healthy = readiness.writable && !ask.kernel().overloaded();
    let status = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer::json(status, &Health { healthy, unpublished: readiness.unpublished })
}

/// What can be updated: the platform's words and those of the configuration.
pub(super) fn update_details(ask: &Ask) -> Response {
    let further = ask.state.config().further_details.iter().map(String::as_str);
    let all: Vec<&str> = UPDATE_DETAILS.iter().copied().chain(further).collect();
    answer::words(&all)
}
