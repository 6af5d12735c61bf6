//! `GET /custody/records`: records with nonces and openings, for auditors; the reading is recorded first.

use axum::{
    Json,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use strongroom_kernel::{Unit, from_port, ports::StoredRecord};
use strongroom_model::Caller;

use crate::{
    Custody, READ_RECORDS,
    error::{answer, refuse},
    gate::{admit, line_name},
    noted,
};

const ROUTE: &str = "/custody/records";
/// Records of an answer unless asked for fewer, and at most.
const LIMIT: usize = 100;
const MOST: usize = 1_000;
/// Bytes of records after which an answer ends early; the reader goes on from `next`.
const MOST_BYTES: usize = 4 << 20;

/// Records from the index `from` on, at most `limit`, and the index to go on from.
pub(crate) async fn list(
    State(custody): State<Custody>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let auditor = match admit(&custody, &headers, READ_RECORDS) {
        Ok(auditor) => auditor,
        Err(refusal) => return noted(refusal, ROUTE, None),
    };
    let name = line_name(&auditor);
    let response = match page(query.as_deref().unwrap_or_default()) {
        Some((from, limit)) => read(&custody, auditor, from, limit).await,
        None => refuse(StatusCode::UNPROCESSABLE_ENTITY, "from and limit are numbers, limit at most 1000"),
    };
    noted(response, ROUTE, Some(name))
}

/// `from` and `limit` of the query string; unknown keys are ignored.
fn page(query: &str) -> Option<(u64, usize)> {
    let (mut from, mut limit) = (0, LIMIT);
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("from", value)) => from = value.parse().ok()?,
            Some(("limit", value)) => limit = value.parse().ok().filter(|limit| *limit <= MOST)?,
            _ => {}
        }
    }
    Some((from, limit))
}

async fn read(custody: &Custody, auditor: Caller, from: u64, limit: usize) -> Response {
    let mut unit = Unit::new(&auditor, READ_RECORDS);
    unit.about("records", format!("{from}+{limit}"));
    if let Err(error) = custody.kernel.record(unit).await {
        return answer(&error);
    }
    let records = match custody.kernel.database().records(from, limit).await {
        Ok(records) => records,
        Err(error) => return answer(&from_port(error)),
    };
    let mut bytes = 0;
    let fitting: Vec<&StoredRecord> = records
        .iter()
        .take_while(|record| {
            let before = bytes;
            bytes += record.text_bytes();
            before < MOST_BYTES
        })
        .collect();
    let next = fitting.last().map_or(from, |record| record.index + 1);
    let records: Vec<Value> = fitting.into_iter().map(shown).collect();
    Json(json!({ "records": records, "next": next })).into_response()
}

/// Canonical text and openings are strings, so that not a byte of what the leaf commits to is lost.
fn shown(record: &StoredRecord) -> Value {
    json!({
        "index": record.index,
        "leaf": BASE64_STANDARD.encode(&record.leaf),
        "nonce": BASE64_STANDARD.encode(record.nonce),
        "record": String::from_utf8_lossy(&record.canonical),
        "openings": String::from_utf8_lossy(&record.openings),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_bounded() {
        assert_eq!(page(""), Some((0, 100)));
        assert_eq!(page("limit=5&from=7&x=y"), Some((7, 5)));
        assert_eq!(page("limit=1001"), None);
        assert_eq!(page("from=-1"), None);
    }
}
