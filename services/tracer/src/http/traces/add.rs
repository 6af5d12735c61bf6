//! `POST /api/v1/traces`: adds a trace.

use axum::{body::Body, http::StatusCode, response::Response};
use strongroom_http::insert_receipt;
use strongroom_kernel::{Once, Uuid};
use strongroom_model::{Error, ErrorKind};

use super::super::{answer, ask::Ask, error::Refusal};
use crate::{
    commands::trace::{self, NewTrace},
    queries::find_trace,
    wire::{
        post::{self, Posted},
        problem::Problems,
        trace::{CacheEntry, NamedTrace, array},
    },
};

/// Adds a trace. 200 with its entry in the cache, 400, 422; whatever is answered with 200 is durable.
pub(in crate::http) async fn add(ask: Ask, body: Body) -> Result<Response, Refusal> {
    let rules = ask.state.rules();
    let (digest, posted) = ask.body(body, move |bytes| post::read(bytes, &rules)).await?;
    let mut posted = posted?;
    fetch(&ask, &mut posted).await?;
    let key = ask.once_key(digest)?;
    let name = ask.admitted.identified.as_ref().map(|known| known.subject.clone());
    let trace = NewTrace::new(ask.kernel(), posted, name);
    let caller = ask.admitted.caller.clone();
    let added = trace::add(ask.kernel(), ask.state.newcomers(), caller, trace, key.as_ref()).await?;
    let (trace, receipt) = match added {
        Once::Done(done) => (done.reply, Some(done.receipt)),
        Once::Repeated(id) => (earlier(&ask, &id).await?, None),
    };
    let entry = CacheEntry::new(trace).to_json(&ask.state.config().ledger_name);
    let mut response = answer::text(StatusCode::OK, array(std::iter::once(entry)));
    if let Some(receipt) = receipt {
        insert_receipt(&mut response, &receipt);
    }
    Ok(response)
}

/// Fetches the resources that are given by their address.
async fn fetch(ask: &Ask, posted: &mut Posted) -> Result<(), Refusal> {
    if posted.remote.is_empty() {
        return Ok(());
    }
    let config = ask.state.config();
    let _place = ask.state.download().await;
    let fetched = trace::fetch(ask.state.fetch(), config.fetch.limits(), config.hash_algorithm, posted).await;
    fetched.map_err(|(place, error)| {
        let field = format!("resources[{place}].url");
        if error.may_pass() {
            Error::new(ErrorKind::Unavailable, format!("{field} {error}")).with_source(error).into()
        } else {
            Refusal::Body(Problems::one(field, error.to_string()))
        }
    })
}

/// The trace that was added under the same key before.
async fn earlier(ask: &Ask, id: &[u8]) -> Result<NamedTrace, Error> {
    let lost = || Error::new(ErrorKind::Internal, "internal error").with_context("the trace of a kept reply");
    let id = Uuid::try_parse_ascii(id).map_err(|_| lost())?;
    find_trace(&ask.kernel().snapshot().await?, id).await?.ok_or_else(lost)
}
