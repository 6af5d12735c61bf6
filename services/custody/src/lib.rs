//! `custody`: the ledger over HTTP.
//!
//! Checkpoint, tiles, verifier key and proofs are for anyone: a leaf tells a stranger nothing. Records with what opens
//! them are for auditors, and reading them is recorded too. It reads only: what is recorded is the kernel's business.

mod error;
mod public;
mod records;

use std::sync::Arc;

use axum::{Router, response::Response, routing::get};
use strongroom_http::Facts;
use strongroom_identity::TokenKey;
use strongroom_kernel::{Action, Kernel};

/// Name of the service in records.
pub const SERVICE: &str = "custody";
/// Read records with what opens them.
pub const READ_RECORDS: Action = Action { service: SERVICE, name: "read_records" };

/// What the handlers have at hand.
#[derive(Debug, Clone)]
struct Custody {
    kernel: Kernel,
    token_key: Arc<TokenKey>,
}

/// The service, with its paths under `/custody/`; auditors' tokens are checked with `token_key`.
pub fn router(kernel: Kernel, token_key: TokenKey) -> Router {
    Router::new()
        .route("/custody/checkpoint", get(public::checkpoint))
        .route("/custody/key", get(public::key))
        .route("/custody/tile/{*path}", get(public::tile))
        .route("/custody/proof/{index}", get(public::proof))
        .route("/custody/records", get(records::list))
        .with_state(Custody { kernel, token_key: Arc::new(token_key) })
}

/// Tells the access line which route it was, and who asked.
fn noted(mut response: Response, route: &'static str, caller: Option<String>) -> Response {
    response.extensions_mut().insert(Facts { route: Some(route), caller, leaf: None });
    response
}
