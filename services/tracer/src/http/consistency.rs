//! `GET /api/v1/log/consistency?from&to`: that the ledger of one size begins with that of an earlier one; an addition.

use axum::{http::StatusCode, response::Response};
use serde_json::json;
use strongroom_kernel::ProofError;
use strongroom_model::{Error, ErrorKind};

use super::{answer, ask::Ask, error::Refusal};
use crate::wire::{base64_of, problem::Problems};

/// 200 with the hashes of RFC 6962 §2.1.2 between the sizes `from` and `to` (the published one unless named), both
/// roots, and the signed checkpoint of `to`; 400 where there is no such size. For anyone: hashes tell nothing.
pub(super) async fn consistency(ask: &Ask) -> Result<Response, Refusal> {
    let ledger = ask.kernel().ledger();
    let published = ledger.published().size;
    let query = ask.query();
    let to = size(query.last("to"), "to", published)?.unwrap_or(published);
    let from = size(query.last("from"), "from", to)?;
    let from =
        from.ok_or_else(|| Refusal::Query(Problems::one("from", "is missing: a size of the ledger")))?;
    let (older, newer) = (ledger.checkpoint_at(from).await, ledger.checkpoint_at(to).await);
    let hashes = match from {
        // a tree without leaves is the beginning of every other, which needs no proof
        0 => Ok(Vec::new()),
        _ => ledger.consistency_proof(from, to).await,
    };
    let (older, newer, hashes) = (older.map_err(failed)?, newer.map_err(failed)?, hashes.map_err(failed)?);
    let hashes: Vec<String> = hashes.iter().map(|hash| base64_of(hash.as_bytes())).collect();
    let answer = json!({
        "origin": ledger.origin(),
        "from": from,
        "to": to,
        "fromRootHash": base64_of(older.root.as_bytes()),
        "toRootHash": base64_of(newer.root.as_bytes()),
        "proof": hashes,
        "checkpoint": newer.text,
    });
    Ok(answer::json(StatusCode::OK, &answer))
}

fn size(text: Option<&str>, name: &str, most: u64) -> Result<Option<u64>, Refusal> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.parse::<u64>() {
        Ok(size) if size <= most => Ok(Some(size)),
        _ => Err(Refusal::Query(Problems::one(name, format!("must be a whole number, at most {most}")))),
    }
}

fn failed(error: ProofError) -> Error {
    Error::new(ErrorKind::Unavailable, "the ledger cannot be read now")
        .with_context("make a proof of consistency")
        .with_source(error)
}
