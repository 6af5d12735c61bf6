//! What anyone may read: checkpoint, tiles, verifier key, proofs. `c2sp.org/tlog-tiles` says paths and media types.

use axum::{
    extract::{Path, State},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use strongroom_kernel::{ProofError, from_port};
use strongroom_ledger::Tile;

use crate::{
    Custody,
    error::{answer, refuse},
    noted,
};

const TEXT: &str = "text/plain; charset=utf-8";
/// Tiles never change, partial ones neither: a longer one has another path.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// A checkpoint is followed by another within milliseconds.
const FRESH: &str = "no-cache";

/// `GET /custody/checkpoint`: the latest published checkpoint, a signed note; with the cosignatures of witnesses once
/// their quorum has cosigned this very one.
pub(crate) async fn checkpoint(State(custody): State<Custody>) -> Response {
    let text = custody.kernel.ledger().served().text.clone();
    noted((head(TEXT, FRESH), text).into_response(), "/custody/checkpoint", None)
}

/// `GET /custody/witnessed/checkpoint`: the latest checkpoint that a quorum of witnesses cosigned. The tiles below the
/// same prefix are those of the ledger, so that the prefix is that of a log whose every checkpoint is witnessed.
pub(crate) async fn witnessed(State(custody): State<Custody>) -> Response {
    let response = match custody.kernel.ledger().cosigned() {
        Some(cosigned) => (head(TEXT, FRESH), cosigned.text.clone()).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "no quorum of witnesses has cosigned a checkpoint"),
    };
    noted(response, "/custody/witnessed/checkpoint", None)
}

/// `GET /custody/key`: the verifier key under which checkpoints verify, in one line.
pub(crate) async fn key(State(custody): State<Custody>) -> Response {
    let text = format!("{}\n", custody.kernel.ledger().verifier());
    noted((head(TEXT, FRESH), text).into_response(), "/custody/key", None)
}

/// `GET /custody/tile/{path}`: a tile of hashes or a bundle of leaves, if the published checkpoint covers it.
pub(crate) async fn tile(State(custody): State<Custody>, Path(path): Path<String>) -> Response {
    let response = match format!("tile/{path}").parse::<Tile>() {
        Err(_) => refuse(StatusCode::NOT_FOUND, "not a path of a tile"),
        Ok(tile) => match custody.kernel.ledger().tile(tile).await {
            Ok(Some(bytes)) => (head("application/octet-stream", IMMUTABLE), bytes).into_response(),
            Ok(None) => refuse(StatusCode::NOT_FOUND, "the published checkpoint does not cover this tile"),
            Err(error) => answer(&from_port(error)),
        },
    };
    noted(response, "/custody/tile/{path}", None)
}

/// `GET /custody/proof/{index}`: the proof that a leaf is in the ledger (`c2sp.org/tlog-proof`), under the latest
/// checkpoint.
pub(crate) async fn proof(State(custody): State<Custody>, Path(index): Path<String>) -> Response {
    let response = match index.parse::<u64>() {
        Err(_) => refuse(StatusCode::NOT_FOUND, "not the index of a leaf"),
        Ok(index) => match custody.kernel.ledger().inclusion_proof(index).await {
            Ok(proof) => (head(TEXT, FRESH), proof.to_string()).into_response(),
            Err(ProofError::NotPublished) => {
                refuse(StatusCode::NOT_FOUND, "the published checkpoint does not cover this leaf")
            }
            Err(error @ ProofError::Tiles(_)) => {
                tracing::error!(%error, "proof not made");
                refuse(StatusCode::SERVICE_UNAVAILABLE, "the tiles cannot be read")
            }
            Err(error @ ProofError::Proof(_)) => {
                tracing::error!(%error, "proof not made");
                refuse(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
            }
        },
    };
    noted(response, "/custody/proof/{index}", None)
}

fn head(content_type: &'static str, caching: &'static str) -> [(HeaderName, &'static str); 2] {
    [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, caching)]
}
