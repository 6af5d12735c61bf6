//! `custody`: the ledger over HTTP, and the chain of custody of whatever is in it.
//!
//! Checkpoint, tiles, verifier key and proofs are for anyone: a leaf tells a stranger nothing. Records with what opens
//! them, the life of an object, a subject or a caller, and evidence to take home ([`bundle`]) are for auditors, and
//! reading them is recorded too. It writes what other ledgers hand over to this one (`foreign/`), and nothing else.

pub mod bundle;
pub mod life;

mod erasures;
mod error;
mod foreign;
mod gate;
mod public;
mod receipts;
mod record_file;
mod records;

pub use erasures::{ErasureParts, erasure_router, shown as erasure_answer};
pub use foreign::{ForeignLeaves, SCHEMA};
pub use record_file::{RecordFile, RecordFileError};

use std::sync::Arc;

use axum::{
    Router,
    response::Response,
    routing::{get, post},
};
use strongroom_http::Facts;
use strongroom_identity::TokenKey;
use strongroom_kernel::{Action, Kernel, index::TermKind};
use tokio::sync::Semaphore;

/// Name of the service in records.
pub const SERVICE: &str = "custody";
/// Read records with what opens them.
pub const READ_RECORDS: Action = Action { service: SERVICE, name: "read_records" };
/// Read a page of the life of an object, a subject or a caller.
pub const READ_LIFE: Action = Action { service: SERVICE, name: "read_life" };
/// Take an evidence bundle home.
pub const READ_BUNDLE: Action = Action { service: SERVICE, name: "read_bundle" };

/// Have a subject erased, or list what that would destroy.
pub const ERASE_SUBJECT: Action = Action { service: SERVICE, name: "erase_subject" };

/// Every path that is read, and as what that is recorded; `None` is for anyone, and tells nothing of anybody.
///
/// Besides these, `POST /custody/leaves` and [`erasure_router`] write.
pub const ROUTES: &[(&str, Option<Action>)] = &[
    ("/custody/checkpoint", None),
    ("/custody/key", None),
    ("/custody/tile/{*path}", None),
    ("/custody/witnessed/checkpoint", None),
    ("/custody/witnessed/tile/{*path}", None),
    ("/custody/proof/{index}", None),
    ("/custody/receipts/{index}", None),
    ("/custody/records", Some(READ_RECORDS)),
    ("/custody/objects/{sha256}", Some(READ_LIFE)),
    ("/custody/subjects/{id}", Some(READ_LIFE)),
    ("/custody/callers/{name}", Some(READ_LIFE)),
    ("/custody/bundle/objects/{sha256}", Some(READ_BUNDLE)),
    ("/custody/bundle/subjects/{id}", Some(READ_BUNDLE)),
    ("/custody/bundle/callers/{name}", Some(READ_BUNDLE)),
];

/// What the handlers have at hand.
#[derive(Debug, Clone)]
struct Custody {
    kernel: Kernel,
    token_key: Arc<TokenKey>,
    /// Who may make a bundle now: each is held in memory.
    bundles: Arc<Semaphore>,
}

impl Custody {
    fn new(kernel: Kernel, token_key: TokenKey) -> Self {
        Self { kernel, token_key: Arc::new(token_key), bundles: Arc::new(Semaphore::new(bundle::AT_ONCE)) }
    }
}

/// What has a life: where it is read page by page, and where it is taken home as a bundle.
const LIVES: [(TermKind, &str, &str); 3] = [
    (TermKind::Object, "/custody/objects/{sha256}", "/custody/bundle/objects/{sha256}"),
    (TermKind::Subject, "/custody/subjects/{id}", "/custody/bundle/subjects/{id}"),
    (TermKind::Caller, "/custody/callers/{name}", "/custody/bundle/callers/{name}"),
];

/// The service, with its paths under `/custody/`; auditors' tokens are checked with `token_key`.
pub fn router(kernel: Kernel, token_key: TokenKey) -> Router {
    let router = Router::new()
        .route("/custody/checkpoint", get(public::checkpoint))
        .route("/custody/key", get(public::key))
        .route("/custody/tile/{*path}", get(public::tile))
        .route("/custody/witnessed/checkpoint", get(public::witnessed))
        .route("/custody/witnessed/tile/{*path}", get(public::tile))
        .route("/custody/proof/{index}", get(public::proof))
        .route("/custody/receipts/{index}", get(receipts::of_leaf))
        .route("/custody/leaves", post(foreign::hand_over))
        .route("/custody/records", get(records::list));
    let lives = LIVES.iter().fold(router, |router, &(kind, read, taken)| {
        router.route(read, life::http::at(read, kind)).route(taken, bundle::http::at(taken, kind))
    });
    lives.with_state(Custody::new(kernel, token_key))
}

/// Tells the access line which route it was, and who asked.
fn noted(mut response: Response, route: &'static str, caller: Option<String>) -> Response {
    response.extensions_mut().insert(Facts { route: Some(route), caller, leaf: None });
    response
}
