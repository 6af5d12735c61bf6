//! `DELETE` and `PUT /api/v1/traces/cache/{id}`: nothing that was accepted is taken back or rewritten.
//!
//! The original lets authors remove and rewrite their entries before they are in the ledger. Here an accepted trace has
//! its leaf already; a correction is a further trace.

use axum::{body::Body, http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use strongroom_http::insert_receipt;

use super::{
    super::{answer, ask::Ask, error::Refusal},
    entries, may_see,
};
use crate::{
    commands::{CHANGE_CACHE, fetch::RetryFetches},
    wire::{
        few::few,
        problem::Problems,
        trace::{CacheEntry, Status},
    },
};

/// States in which the original lets an entry be changed; of these only `ERROR` is one of ours.
const CHANGEABLE: &str = "BLOCKCHAIN_ERROR, BLOCKCHAIN_NOT_FOUND, ERROR, BLOCKCHAIN_SUBMISSION_ERROR";
/// What the original lets be changed.
const FIELDS: &[&str] = &["statusMessage", "id", "status", "blockchainType", "callerId", "traceId", "trace"];
/// Most fields that are read.
const MOST_FIELDS: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
struct Sent<'a> {
    #[serde(borrow, default)]
    fields: Option<&'a RawValue>,
    #[serde(default)]
    run_blockchain_commit: bool,
}

/// What is asked for; of the fields one more than are read, where there are more.
#[derive(Debug)]
struct Change {
    fields: Option<Vec<Field>>,
    run_blockchain_commit: bool,
}

fn read(body: &[u8]) -> serde_json::Result<Change> {
    let Sent { fields, run_blockchain_commit } = serde_json::from_slice(body)?;
    let fields = fields.map(|list| few(list.get(), MOST_FIELDS)).transpose()?;
    Ok(Change { fields, run_blockchain_commit })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
struct Field {
    field_name: Option<String>,
}

/// Refuses to remove an entry. 409; 400 when there is none, 403 when it is another's.
pub(in crate::http) async fn remove(ask: &Ask) -> Result<Response, Refusal> {
    let _there = find(ask).await?;
    ask.kernel().record_denial(&ask.admitted.caller, CHANGE_CACHE);
    let text = "an accepted trace is recorded and cannot be taken back: add a trace that corrects it";
    Err(Refusal::plain(StatusCode::CONFLICT, text))
}

/// Refuses to change an entry: 400 as the original in every state that is not one of failure, else 409. 200 where nothing
/// is to be changed and the entry is only to be sent again: files that were given up are tried again, anything else
/// happens by itself.
pub(in crate::http) async fn change(ask: Ask, body: Body) -> Result<Response, Refusal> {
    let entry = find(&ask).await?;
    let (_, change) = ask.body(body, read).await?;
    let change = change.map_err(|error| Refusal::Syntax(format!("the body is not a change: {error}")))?;
    let Some(fields) = change.fields else {
        return Err(Refusal::Query(Problems::one("fields", "is missing, though it may be empty")));
    };
    check(&fields)?;
    if !fields.is_empty() {
        ask.kernel().record_denial(&ask.admitted.caller, CHANGE_CACHE);
        let status = entry.status.word();
        if entry.status == Status::Failed {
            let text = "an accepted trace is recorded and cannot be rewritten: with an empty list of fields and \
                        runBlockchainCommit its files are fetched again";
            return Err(Refusal::plain(StatusCode::CONFLICT, text));
        }
        let text = format!("an entry can be changed in the states {CHANGEABLE} only; this one is {status}");
        return Err(Refusal::plain(StatusCode::BAD_REQUEST, text));
    }
    if change.run_blockchain_commit && entry.status == Status::Failed {
        return fetch_again(&ask, entry).await;
    }
    Ok(answer::text(StatusCode::OK, entry.to_json(&ask.state.config().ledger_name)))
}

/// Has the files of an entry that were given up tried again; answers with the entry as it is then.
async fn fetch_again(ask: &Ask, mut entry: CacheEntry) -> Result<Response, Refusal> {
    let caller = ask.admitted.caller.clone();
    let now = ask.kernel().clock().now();
    let done = ask.kernel().run(&RetryFetches { caller, trace: entry.trace.trace.id, now }).await?;
    ask.state.fetches().notify_one();
    (entry.status, entry.message, entry.changed) = (Status::Fetching, None, Some(now));
    let mut response = answer::text(StatusCode::OK, entry.to_json(&ask.state.config().ledger_name));
    insert_receipt(&mut response, &done.receipt);
    Ok(response)
}

async fn find(ask: &Ask) -> Result<CacheEntry, Refusal> {
    let id = ask.path_id()?;
    let Some(entry) = entries(ask, Some(id)).await?.pop() else {
        let text = format!("Request cache with id {id} not found.");
        return Err(Refusal::plain(StatusCode::BAD_REQUEST, text));
    };
    if !may_see(ask, &entry) {
        ask.kernel().record_denial(&ask.admitted.caller, CHANGE_CACHE);
        return Err(Refusal::plain(StatusCode::FORBIDDEN, "this entry belongs to another caller"));
    }
    Ok(entry)
}

fn check(fields: &[Field]) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    if fields.len() > MOST_FIELDS {
        problems.add("fields", format!("has more than {MOST_FIELDS} members"));
    }
    for (place, field) in fields.iter().enumerate().take(MOST_FIELDS) {
        if !field.field_name.as_deref().is_some_and(|name| FIELDS.contains(&name)) {
            let message = format!("must be one of {}", FIELDS.join(", "));
            problems.add(format!("fields[{place}].fieldName"), message);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Refusal::Query(problems)) }
}
