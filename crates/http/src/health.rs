//! Liveness and readiness, for whoever restarts the process or sends requests to it.

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use strongroom_kernel::Kernel;

use crate::access::Facts;

/// `GET /livez`: 200 while the process answers at all. `GET /readyz`: 200 while writes are accepted, else 503.
pub fn router(kernel: Kernel) -> Router {
    Router::new().route("/livez", get(alive)).route("/readyz", get(ready)).with_state(kernel)
}

async fn alive() -> Response {
    noted((StatusCode::OK, "alive\n").into_response(), "/livez")
}

async fn ready(State(kernel): State<Kernel>) -> Response {
    let answer = if kernel.readiness().writable && !kernel.overloaded() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    };
    noted(answer.into_response(), "/readyz")
}

fn noted(mut response: Response, route: &'static str) -> Response {
    response.extensions_mut().insert(Facts { route: Some(route), ..Facts::default() });
    response
}
