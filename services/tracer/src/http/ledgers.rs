//! `GET /api/v1/blockchains` and `/traces/providers`: our ledger, and the original's two, which it stands for.

use axum::{http::StatusCode, response::Response};
use serde_json::json;

use super::{answer, ask::Ask};

/// The ledgers. Properties are what anyone may know; there are no secrets in them.
pub(super) fn list(ask: &Ask) -> Response {
    let ledger = ask.kernel().ledger();
    let name = &ask.state.config().ledger_name;
    let original = |kind: &str, title: &str| json!({ "type": kind, "name": title, "enabled": false, "properties": { "servedBy": name } });
    let ours = json!({
        "type": name,
        "name": ledger.origin(),
        "enabled": true,
        "properties": {
            "origin": ledger.origin(),
            "verifier": ledger.verifier().to_string(),
            "treeSize": ledger.published().size,
        },
    });
    let mut all = vec![ours];
    for (kind, title) in [("BESU_PRIVATE", "Besu Private"), ("BIGCHAINDB_PRIVATE", "BigchainDB Private")] {
        if kind != name {
            all.push(original(kind, title));
        }
    }
    answer::json(StatusCode::OK, &all)
}
