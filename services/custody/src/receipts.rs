//! `GET /custody/receipts/{index}`: the receipt of a shared ledger for a leaf of this one.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use strongroom_kernel::KeptReceipt;

use crate::{
    Custody,
    error::{answer, refuse},
    noted,
};

const ROUTE: &str = "/custody/receipts/{index}";

/// The receipt with the hashes that make it one of this leaf; 404 while there is none. For anyone, like proofs.
pub(crate) async fn of_leaf(State(custody): State<Custody>, Path(index): Path<String>) -> Response {
    let response = match index.parse::<u64>() {
        Err(_) => refuse(StatusCode::NOT_FOUND, "not the index of a leaf"),
        Ok(index) => match custody.kernel.shared_receipt(index).await {
            Ok(Some(kept)) => Json(shown(index, &kept)).into_response(),
            Ok(None) => refuse(StatusCode::NOT_FOUND, "no shared ledger has given a receipt for this leaf"),
            Err(error) => answer(&error),
        },
    };
    noted(response, ROUTE, None)
}

fn shown(index: u64, kept: &KeptReceipt) -> Value {
    let mut receipt: Value = serde_json::from_str(&kept.text).unwrap_or_default();
    receipt["index"] = json!(index);
    receipt["path"] = kept.path.iter().map(ToString::to_string).collect();
    receipt
}
