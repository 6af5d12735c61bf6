//! `GET /bytes/raw/{raw_id}/proof`: recomputes the hash of a raw file and checks its proof. An addition.

use axum::{http::StatusCode, response::Response};
use strongroom_model::ErrorKind;

use super::super::{answer, ask::Ask, error::Refusal};
use crate::{commands::proof, wire::json::push_text};

/// What holds of a raw file: `hash` and `proof` are `true`, `false`, or `null` where there is nothing to check.
pub(in crate::http) async fn check_proof(ask: Ask) -> Result<Response, Refusal> {
    let (raw, boefje_meta) = super::named(&ask).await?;
    let checked = proof::check(&ask.state, ask.caller.clone(), &raw, &boefje_meta).await;
    let checked = checked.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Refusal::Detail(StatusCode::GONE, "The content of this raw file is gone"),
        _ => error.into(),
    })?;
    let word = |holds: Option<bool>| holds.map_or("null".to_owned(), |holds| holds.to_string());
    let mut hash = String::new();
    match &raw.secure_hash {
        Some(text) => push_text(&mut hash, text),
        None => hash.push_str("null"),
    }
    let (id, made) = (raw.id, raw.proof_link.is_some());
    let (holds, proven) = (word(checked.hash_holds), word(checked.proof_holds));
    let body =
        format!(r#"{{"raw_id":"{id}","secure_hash":{hash},"made":{made},"hash":{holds},"proof":{proven}}}"#);
    Ok(answer::json(StatusCode::OK, body))
}
