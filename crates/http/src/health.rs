//! Liveness and readiness, for whoever restarts the process or sends requests to it.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use strongroom_kernel::Kernel;

/// `GET /livez`: 200 while the process answers at all. `GET /readyz`: 200 while writes are accepted, else 503.
pub fn router(kernel: Kernel) -> Router {
    Router::new().route("/livez", get(|| async { "alive\n" })).route("/readyz", get(ready)).with_state(kernel)
}

async fn ready(State(kernel): State<Kernel>) -> (StatusCode, &'static str) {
    if kernel.readiness().writable && !kernel.overloaded() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}
