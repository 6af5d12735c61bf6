//! `POST /custody/leaves`: leaves of another ledger, for tokens of role `forwarder`.

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use strongroom_kernel::shared::{MAX_TOGETHER, TAKE_LEAVES};
use strongroom_ledger::{Hash, Leaf, MAX_SIZE, checkpoint::MAX_ORIGIN_BYTES};
use strongroom_model::{Caller, Error, ErrorKind};

use crate::{Custody, error::answer, gate, noted};

use super::take::{Handed, take};

const ROUTE: &str = "/custody/leaves";
/// Longest body, in bytes: 256 leaves of 74 bytes in hexadecimal, and what is around them.
const MAX_BODY: usize = 64 << 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Origin of the ledger they are from.
    ledger: String,
    /// Index of the first of them.
    first: u64,
    /// The leaves in hexadecimal.
    leaves: Vec<String>,
}

/// 200 with the receipt, also for leaves that were taken before; 401 and 403 without a token of role `forwarder`, 409
/// for leaves that do not follow or are others than before, 413 and 422 for bodies that are too long or say something
/// else, 503 when the receipt is not there yet.
pub(crate) async fn hand_over(State(custody): State<Custody>, headers: HeaderMap, body: Bytes) -> Response {
    let caller = match gate::admit_forwarder(&custody, &headers, TAKE_LEAVES) {
        Ok(caller) => caller,
        Err(refusal) => return noted(refusal, ROUTE, None),
    };
    let name = gate::line_name(&caller);
    let response = match read(&body, caller) {
        Ok(handed) => match take(&custody.kernel, &handed).await {
            Ok(receipt) => ([(header::CONTENT_TYPE, "application/json")], receipt).into_response(),
            Err(error) => answer(&error),
        },
        Err(error) => answer(&error),
    };
    noted(response, ROUTE, Some(name))
}

fn read(body: &[u8], sender: Caller) -> Result<Handed, Error> {
    if body.len() > MAX_BODY {
        return Err(Error::new(ErrorKind::TooLarge, "the body has more than 65536 bytes"));
    }
    let wrong = |text: &'static str| Error::new(ErrorKind::Unsupported, text);
    let form =
        "the body is JSON with ledger, a text, first, a number, and leaves, a list of hexadecimal texts";
    let Asked { ledger, first, leaves } = serde_json::from_slice(body).map_err(|_| wrong(form))?;
    if ledger.is_empty() || ledger.len() > MAX_ORIGIN_BYTES || ledger.chars().any(char::is_control) {
        return Err(wrong("ledger is one line of 1 to 255 bytes"));
    }
    let count = leaves.len() as u64;
    let end = first.checked_add(count).filter(|end| *end <= MAX_SIZE);
    if count == 0 || end.is_none_or(|end| (end - 1) / MAX_TOGETHER != first / MAX_TOGETHER) {
        return Err(wrong("leaves are 1 to 256, and do not cross a multiple of 256"));
    }
    let hashes = leaves.iter().map(|leaf| hash(leaf)).collect::<Option<Vec<Hash>>>();
    let hashes = hashes.ok_or_else(|| wrong("a leaf is not one of a Strongroom"))?;
    Ok(Handed { sender, ledger, first, hashes })
}

/// Only leaves of the known form are taken: nothing else finds its way in under their name.
fn hash(leaf: &str) -> Option<Hash> {
    Leaf::decode(&hex::decode(leaf).ok()?).ok().map(|leaf| leaf.hash())
}
