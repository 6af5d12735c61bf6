//! `GET /api/v1/traces/{id}/proof`: that a trace is in the ledger, to be checked offline; an addition.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;
use strongroom_kernel::{
    ProofError, Uuid, from_port,
    ports::StoredRecord,
    record::{self, PersonalPlace},
};
use strongroom_model::{Error, ErrorKind};

use super::{
    super::{answer, ask::Ask, error::Refusal},
    get::may_read,
};
use crate::{
    commands::READ_TRACES,
    queries::{find_trace, sequence_of},
    tables::Trace,
    wire::base64_of,
};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The record of a trace, what ties it to its leaf, and the proof that the leaf is in the ledger. With these members it
/// is a record file for `strongroom check-proof`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct TraceProof {
    trace_id: Uuid,
    /// Of the leaf.
    index: u64,
    /// Base64.
    leaf: String,
    /// Base64 of the 32 bytes that were hashed before the record.
    nonce: String,
    /// The canonical record, as text.
    record: String,
    /// What opens the resources of the trace, as text; what else is personal stays closed.
    openings: String,
    /// `c2sp.org/tlog-proof`.
    proof: String,
}

/// 200 with the proof as text or, for who accepts JSON, with the record it is about; 403, 404; 503 until a published
/// checkpoint covers the trace.
pub(in crate::http) async fn proof(ask: &Ask) -> Result<Response, Refusal> {
    let unknown = || Refusal::plain(StatusCode::NOT_FOUND, "there is no trace of this id");
    let id = Uuid::try_parse(ask.segment()).map_err(|_| unknown())?;
    let snapshot = ask.kernel().snapshot().await?;
    let trace = find_trace(&snapshot, id).await?.ok_or_else(unknown)?;
    drop(snapshot);
    if !may_read(&trace, &ask.readable()) {
        ask.kernel().record_denial(&ask.admitted.caller, READ_TRACES);
        return Err(Refusal::plain(StatusCode::FORBIDDEN, "this trace is not yours to read"));
    }
    let wait = || Error::new(ErrorKind::Unavailable, "no published checkpoint covers this trace yet");
    let proof = of(ask, id).await?.ok_or_else(|| wait().with_retry_after(Duration::from_secs(1)))?;
    let accepted = ask.parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("json")) {
        return Ok(answer::json(StatusCode::OK, &proof));
    }
    let mut response = answer::text(StatusCode::OK, Body::from(proof.proof));
    response.headers_mut().insert(header::CONTENT_TYPE, TEXT);
    Ok(response)
}

/// The proof of a trace; `None` until a published checkpoint covers it.
pub(in crate::http) async fn of(ask: &Ask, id: Uuid) -> Result<Option<TraceProof>, Error> {
    let Some(sequence) = sequence_of(&ask.kernel().snapshot().await?, id).await? else { return Ok(None) };
    let ledger = ask.kernel().ledger();
    let size = ledger.published().size;
    if sequence >= ask.state.sequence_behind(size).await? {
        return Ok(None);
    }
    let stored = ledger.record_of_unit(sequence, size).await.map_err(from_port)?;
    let proof = match ledger.inclusion_proof(stored.index).await {
        Ok(proof) => proof.to_string(),
        Err(ProofError::NotPublished) => return Ok(None),
        Err(error) => {
            let failed = Error::new(ErrorKind::Unavailable, "the ledger cannot be read now");
            return Err(failed.with_context("make the proof of a trace").with_source(error));
        }
    };
    let openings = openings(&stored).map_err(from_port)?;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_default();
    Ok(Some(TraceProof {
        trace_id: id,
        index: stored.index,
        leaf: base64_of(&stored.leaf),
        nonce: base64_of(&stored.nonce),
        record: text(stored.canonical),
        openings: text(openings),
        proof,
    }))
}

/// What opens the resources of the trace and nothing else: names of persons and addresses stay closed.
fn openings(stored: &StoredRecord) -> Result<Vec<u8>, strongroom_kernel::ports::PortError> {
    use strongroom_kernel::Row as _;
    let record: serde_json::Value = serde_json::from_slice(&stored.canonical).unwrap_or_default();
    let of_trace = |row: usize| record["rows"][row]["table"] == Trace::TABLE.name;
    let closed = record::personal(stored)?.into_iter().enumerate().filter(|(_, personal)| {
        !matches!(&personal.place, PersonalPlace::Column { row, column } if of_trace(*row) && column == "resources")
    });
    let closed: Vec<usize> = closed.map(|(place, _)| place).collect();
    if stored.openings.is_empty() { Ok(Vec::new()) } else { record::without(stored, closed) }
}
