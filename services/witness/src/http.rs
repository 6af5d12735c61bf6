//! What witness and mirror answer, from the root on (`c2sp.org/tlog-witness`, `c2sp.org/tlog-mirror`).
//!
//! Everything is for anyone: what protects a witness is that it believes only signatures and proofs.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
    routing::{get, post},
};
use strongroom_http::body;
use strongroom_kernel::{from_port, ports::PortErrorKind};
use strongroom_ledger::{
    AddCheckpoint, Tile,
    mirror::{INFO_MEDIA_TYPE, MirrorInfo},
    witness::MAX_REQUEST_BYTES,
};
use tokio::sync::Semaphore;

use crate::{
    answers::{self, FRESH, IMMUTABLE, TEXT, noted, refuse},
    book::{Book, Refused},
    keeper::Keeper,
    mirror::{Mirror, Pushed, Upload},
    witness::Witness,
};

const ADD_CHECKPOINT: &str = "/add-checkpoint";
const ADD_ENTRIES: &str = "/add-entries";
const CHECKPOINT: &str = "/{origin_hash}/checkpoint";
const EVIDENCE: &str = "/{origin_hash}/evidence";
const TILE: &str = "/{origin_hash}/tile/{path}";

/// Uploads at the same time: each may hold 32 MiB in memory.
static UPLOADS: Semaphore = Semaphore::const_new(32);

/// What a witness answers: `POST /add-checkpoint`, the latest cosigned checkpoint of each log, its own key.
pub fn witness_router(witness: Witness) -> Router {
    Router::new()
        .route(ADD_CHECKPOINT, post(witness_add))
        .route(CHECKPOINT, get(witness_checkpoint))
        .route(EVIDENCE, get(witness_evidence))
        .route("/key", get(witness_key))
        .route("/livez", get(alive))
        .with_state(witness)
}

/// What a mirror answers: a copy of each log below the hash of its origin, `POST /add-checkpoint` by which it learns
/// that there is more, and `POST /add-entries` by which that is brought.
pub fn mirror_router(mirror: Mirror) -> Router {
    Router::new()
        .route(ADD_CHECKPOINT, post(mirror_add))
        .route(ADD_ENTRIES, post(mirror_add_entries))
        .route(CHECKPOINT, get(mirror_checkpoint))
        .route(EVIDENCE, get(mirror_evidence))
        .route("/{origin_hash}/tile/{*path}", get(mirror_tile))
        .route("/key", get(mirror_key))
        .route("/livez", get(alive))
        .with_state(mirror)
}

async fn alive() -> Response {
    noted(answers::body(TEXT, FRESH, "alive\n"), "/livez")
}

/// Reads an `add-checkpoint` request; what is wrong with it is answered.
async fn request(received: Body) -> Result<AddCheckpoint, Response> {
    let bytes: Bytes = match body::read(received, MAX_REQUEST_BYTES).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "the request is longer than 64 KiB")),
        Err(error) => return Err(refuse(StatusCode::BAD_REQUEST, error.public())),
    };
    AddCheckpoint::parse(&bytes).map_err(|error| refuse(StatusCode::BAD_REQUEST, &error.to_string()))
}

fn answer(outcome: Option<Result<String, Refused>>) -> Response {
    match outcome {
        None => refuse(StatusCode::NOT_FOUND, "this log is not known here"),
        Some(Ok(lines)) => answers::body(TEXT, FRESH, lines),
        Some(Err(refused)) => answers::refused(&refused),
    }
}

async fn witness_add(State(witness): State<Witness>, received: Body) -> Response {
    let response = match request(received).await {
        Ok(request) => answer(witness.add_checkpoint(&request).await),
        Err(response) => response,
    };
    noted(response, ADD_CHECKPOINT)
}

async fn mirror_add(State(mirror): State<Mirror>, received: Body) -> Response {
    let response = match request(received).await {
        Ok(request) => answer(mirror.add_checkpoint(&request).await),
        Err(response) => response,
    };
    noted(response, ADD_CHECKPOINT)
}

async fn mirror_add_entries(State(mirror): State<Mirror>, headers: HeaderMap, body: Body) -> Response {
    let mut response = match (UPLOADS.try_acquire(), Upload::begin(&headers, body)) {
        (Err(_), _) => {
            let mut response = refuse(StatusCode::SERVICE_UNAVAILABLE, "too many uploads at once, try again");
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            response
        }
        (Ok(_), None) => {
            refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the only Content-Encoding taken is gzip")
        }
        (Ok(_permit), Some(upload)) => pushed(mirror.add_entries(upload).await),
    };
    response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    noted(response, ADD_ENTRIES)
}

fn pushed(pushed: Pushed) -> Response {
    let info = |status, info: MirrorInfo| {
        let mut response = answers::body(INFO_MEDIA_TYPE, FRESH, info.to_string());
        *response.status_mut() = status;
        response
    };
    match pushed {
        Pushed::Cosigned(lines) => answers::body(TEXT, FRESH, lines),
        Pushed::Accepted(next) => info(StatusCode::ACCEPTED, next),
        Pushed::Conflict(next) => info(StatusCode::CONFLICT, next),
        Pushed::Refused(status, text) => refuse(status, &text),
        Pushed::Unwritten(kind) => answers::unwritten(kind == PortErrorKind::Full),
    }
}

async fn witness_checkpoint(State(witness): State<Witness>, Path(hash): Path<String>) -> Response {
    let latest = witness.book(&hash).and_then(Book::shown);
    let response = latest.map_or_else(
        || refuse(StatusCode::NOT_FOUND, "no checkpoint of such a log was cosigned"),
        |latest| answers::body(TEXT, FRESH, latest.note.to_string()),
    );
    noted(response, CHECKPOINT)
}

async fn mirror_checkpoint(State(mirror): State<Mirror>, Path(hash): Path<String>) -> Response {
    let shown = mirror.copy(&hash).and_then(|copy| copy.shown());
    let response = shown.map_or_else(
        || refuse(StatusCode::NOT_FOUND, "nothing of such a log was copied yet"),
        |shown| answers::body(TEXT, FRESH, shown.text.clone()),
    );
    noted(response, CHECKPOINT)
}

async fn mirror_tile(State(mirror): State<Mirror>, Path((hash, path)): Path<(String, String)>) -> Response {
    let absent = || refuse(StatusCode::NOT_FOUND, "the checkpoint does not cover such a tile");
    let response = match (mirror.copy(&hash), format!("tile/{path}").parse::<Tile>()) {
        (Some(copy), Ok(tile)) => match copy.tile(tile).await {
            Ok(Some(bytes)) => answers::body("application/octet-stream", IMMUTABLE, bytes),
            Ok(None) => absent(),
            Err(error) => {
                tracing::error!(error = %from_port(error).diagnosis(), "tile not read");
                refuse(StatusCode::SERVICE_UNAVAILABLE, "the tile cannot be read")
            }
        },
        _ => absent(),
    };
    noted(response, TILE)
}

async fn witness_evidence(State(witness): State<Witness>, Path(hash): Path<String>) -> Response {
    evidence(witness.book(&hash), witness.keeper()).await
}

async fn mirror_evidence(State(mirror): State<Mirror>, Path(hash): Path<String>) -> Response {
    let copy = mirror.copy(&hash);
    evidence(copy.as_ref().map(|copy| copy.pending()), mirror.keeper()).await
}

async fn evidence(book: Option<&Book>, keeper: &Keeper) -> Response {
    let response = match book {
        None => refuse(StatusCode::NOT_FOUND, "this log is not known here"),
        Some(book) => match book.evidence.text(keeper).await {
            Ok(text) => answers::body(TEXT, FRESH, text),
            Err(error) => {
                tracing::error!(error = %from_port(error).diagnosis(), "evidence not read");
                refuse(StatusCode::SERVICE_UNAVAILABLE, "the evidence cannot be read")
            }
        },
    };
    noted(response, EVIDENCE)
}

async fn witness_key(State(witness): State<Witness>) -> Response {
    noted(answers::body(TEXT, FRESH, format!("{}\n", witness.verifier())), "/key")
}

async fn mirror_key(State(mirror): State<Mirror>) -> Response {
    noted(answers::body(TEXT, FRESH, format!("{}\n", mirror.verifier())), "/key")
}
