//! `POST /custody/erasures`: a subject is forgotten while everything goes on.
//!
//! For tokens of role `eraser`: who reads everything (an auditor) is not who destroys. What destroys is the kernel;
//! `docs/operations/erase.md` says what, and what it cannot reach.

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde::Deserialize;
use serde_json::{Value, json};
use strongroom_identity::TokenKey;
use strongroom_kernel::{
    Belongs, ErasureReport, ErasureRequest, ErasureSubject, Kernel, Unit, verify::Silent,
};
use strongroom_model::{Caller, Error, ErrorKind};

use crate::{
    Custody, ERASE_SUBJECT,
    error::{answer, refuse},
    gate, noted,
};

const ROUTE: &str = "/custody/erasures";
/// Longest body, in bytes: a subject has at most 4096.
const MAX_BODY: usize = 16 << 10;
/// How long an answer waits for the end of an erasure; then it goes on without it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What erasures need beside the kernel.
#[derive(Clone)]
pub struct ErasureParts {
    /// Which rows belong to which.
    pub belongs: &'static [Belongs],
    /// Names the known backups, which still have what is erased.
    pub backups: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
}

impl fmt::Debug for ErasureParts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ErasureParts").field("belongs", &self.belongs).finish_non_exhaustive()
    }
}

/// What the handler has at hand.
#[derive(Debug, Clone)]
struct Erasures {
    custody: Custody,
    parts: ErasureParts,
}

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// As `strongroom erase` takes it.
    subject: String,
    /// Whole rows, also where a column could be null.
    #[serde(default)]
    rows: bool,
    /// Only say what would be destroyed.
    #[serde(default)]
    list: bool,
}

/// The route by which erasures are asked for; tokens are checked with `token_key`.
pub fn erasure_router(kernel: Kernel, token_key: TokenKey, parts: ErasureParts) -> Router {
    let custody = Custody::new(kernel, token_key);
    Router::new().route(ROUTE, post(erase)).with_state(Erasures { custody, parts })
}

/// 200 with what was destroyed, 202 when that takes longer; 401 and 403 without a token of role `eraser`, 404 when
/// nothing speaks of the subject, 409 while another erasure is under way, 413 and 422 for bodies that are too long or say something else.
async fn erase(State(erasures): State<Erasures>, headers: HeaderMap, body: Bytes) -> Response {
    let caller = match gate::admit_eraser(&erasures.custody, &headers, ERASE_SUBJECT) {
        Ok(caller) => caller,
        Err(refusal) => return noted(refusal, ROUTE, None),
    };
    let name = gate::line_name(&caller);
    let response = match request(&body, caller) {
        Ok((request, list)) => carry_out(erasures, request, list).await,
        Err(error) => answer(&error),
    };
    noted(response, ROUTE, Some(name))
}

fn request(body: &[u8], caller: Caller) -> Result<(ErasureRequest, bool), Error> {
    if body.len() > MAX_BODY {
        return Err(Error::new(ErrorKind::TooLarge, "the body has more than 16384 bytes"));
    }
    let form = "the body is JSON with subject, a text, and perhaps rows and list, which are true or false";
    let asked: Asked = serde_json::from_slice(body).map_err(|_| Error::new(ErrorKind::Unsupported, form))?;
    let subject: ErasureSubject = asked
        .subject
        .parse()
        .map_err(|error: Error| Error::new(ErrorKind::Unsupported, error.public().to_owned()))?;
    Ok((ErasureRequest { subject, rows: asked.rows, caller }, asked.list))
}

async fn carry_out(erasures: Erasures, request: ErasureRequest, list: bool) -> Response {
    let Erasures { custody, parts } = erasures;
    let mut unit = Unit::new(&request.caller, ERASE_SUBJECT);
    unit.about("request", if list { "list" } else { "erase" });
    if let Err(error) = custody.kernel.record(unit).await {
        return answer(&error);
    }
    // on its own: whoever asked may go, the erasure does not stop half-way
    let work = tokio::spawn(async move {
        let (kernel, belongs) = (custody.kernel, parts.belongs);
        let done = if list {
            kernel.list_erasure(&request, belongs, &Silent).await
        } else {
            kernel.erase(&request, belongs, &Silent).await
        };
        if let Err(error) = done.as_ref()
            && error.kind() != ErrorKind::NotFound
        {
            tracing::error!(error = %error.diagnosis(), "erasure not ended, it is taken up at the next start");
        }
        done.map(|report| shown(&report, &(parts.backups)()))
    });
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(Ok(report))) => Json(report).into_response(),
        Ok(Ok(Err(error))) => answer(&error),
        Ok(Err(_)) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
        Err(_) => {
            let text = "the erasure is under way; the ledger says when it is done";
            (StatusCode::ACCEPTED, Json(json!({ "detail": text }))).into_response()
        }
    }
}

/// What an erasure destroyed, as JSON; the backups are those that still have it.
pub fn shown(report: &ErasureReport, backups: &[String]) -> Value {
    json!({
        "id": report.id,
        "removed": report.removed,
        "changed": report.changed,
        "rows": report.rows,
        "records": report.records,
        "values": report.values,
        "contents": report.contents,
        "keptContents": report.kept_contents,
        "events": report.events,
        "stays": report.stays,
        "caveats": report.caveats,
        "backups": backups,
    })
}
