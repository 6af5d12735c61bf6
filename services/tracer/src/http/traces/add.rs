//! `POST /api/v1/traces`: adds a trace.

use std::time::Duration;

use axum::{body::Body, http::StatusCode, response::Response};
use strongroom_http::insert_receipt;
use strongroom_kernel::{Once, Uuid};
use strongroom_model::{Error, ErrorKind};

use super::super::{answer, ask::Ask, error::Refusal};
use crate::{
    commands::{
        fetch,
        trace::{self, NewTrace},
    },
    queries::{are_too_many_waiting, find_trace},
    wire::{
        post::{self, Posted},
        problem::Problems,
        trace::{CacheEntry, NamedTrace, Status, array},
    },
};

/// Files that may wait to be fetched, of all traces together.
const MOST_WAITING: u64 = 10_000;

/// Adds a trace. 200 with its entry in the cache, 400, 422; whatever is answered with 200 is durable. Files that it
/// gives by their address are fetched later.
pub(in crate::http) async fn add(ask: Ask, body: Body) -> Result<Response, Refusal> {
    let rules = ask.state.rules();
    let (digest, posted) = ask.body(body, move |bytes| post::read(bytes, &rules)).await?;
    let posted = posted?;
    let is_remote = !posted.remote.is_empty();
    if is_remote {
        check_files(&ask, &posted).await?;
    }
    let key = ask.once_key(digest)?;
    let name = ask.admitted.identified.as_ref().map(|known| known.subject.clone());
    let trace = NewTrace::new(ask.kernel(), posted, name);
    let caller = ask.admitted.caller.clone();
    let added = trace::add(ask.kernel(), ask.state.newcomers(), caller, trace, key.as_ref()).await?;
    let (trace, receipt) = match added {
        Once::Done(done) => (done.reply, Some(done.receipt)),
        Once::Repeated(id) => (earlier(&ask, &id).await?, None),
    };
    let mut entry = CacheEntry::new(trace);
    if is_remote {
        entry.status = Status::Fetching;
        ask.state.fetches().notify_one();
    }
    let entry = entry.to_json(&ask.state.config().ledger_name);
    let mut response = answer::text(StatusCode::OK, array(std::iter::once(entry)));
    if let Some(receipt) = receipt {
        insert_receipt(&mut response, &receipt);
    }
    Ok(response)
}

/// Whether the resources that are given by their address can be fetched at all.
async fn check_files(ask: &Ask, posted: &Posted) -> Result<(), Refusal> {
    fetch::check(ask.state.fetch(), posted).map_err(|(place, error)| {
        Refusal::Body(Problems::one(format!("resources[{place}].url"), error.to_string()))
    })?;
    if are_too_many_waiting(&ask.kernel().snapshot().await?, MOST_WAITING).await? {
        let error = Error::new(ErrorKind::Unavailable, "too many files wait to be fetched, try again later");
        return Err(error.with_retry_after(Duration::from_mins(1)).into());
    }
    Ok(())
}

/// The trace that was added under the same key before.
async fn earlier(ask: &Ask, id: &[u8]) -> Result<NamedTrace, Error> {
    let lost = || Error::new(ErrorKind::Internal, "internal error").with_context("the trace of a kept reply");
    let id = Uuid::try_parse_ascii(id).map_err(|_| lost())?;
    find_trace(&ask.kernel().snapshot().await?, id).await?.ok_or_else(lost)
}
