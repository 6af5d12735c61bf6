//! `GET /custody/bundle/{objects,subjects,callers}/{name}`: evidence to take home, for auditors; recorded before it is
//! given.

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, get},
};
use strongroom_kernel::{LedgerView, Unit, index::TermKind, ports::PortError, verify::Silent};
use strongroom_ledger::{Tile, TileReader};
use strongroom_model::Digest;
use tokio::runtime::Handle;

use crate::{
    Custody, READ_BUNDLE,
    error::{answer, refuse},
    gate::line_name,
    life::{
        About, Filter,
        question::{self, Question},
    },
    noted,
};

use super::{BundleError, anchored, gather, room_for, write};

/// The bundles of one kind at `route`: the life of a content, of something with an id, of a caller.
pub(crate) fn at(route: &'static str, kind: TermKind) -> MethodRouter<Custody> {
    get(async move |custody: State<Custody>, name: Path<String>, query: RawQuery, headers: HeaderMap| {
        bundle(&custody, kind, &name, query, headers, route).await
    })
}

async fn bundle(
    custody: &Custody,
    kind: TermKind,
    name: &str,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    route: &'static str,
) -> Response {
    let asked = match question::read(custody, (kind, name), query.as_deref(), &headers, READ_BUNDLE) {
        Ok(asked) => asked,
        Err((refusal, line)) => return noted(refusal, route, line),
    };
    let line = line_name(&asked.auditor);
    let response = if asked.filter.limit.is_some() || asked.filter.cursor.is_some() {
        let text = "a bundle has no pages: there are action, service, from, to, asOf";
        refuse(StatusCode::UNPROCESSABLE_ENTITY, text)
    } else {
        hand_out(custody, asked).await
    };
    noted(response, route, Some(line))
}

async fn hand_out(custody: &Custody, asked: Question) -> Response {
    let Ok(_permit) = custody.bundles.try_acquire() else {
        let mut response = refuse(StatusCode::SERVICE_UNAVAILABLE, "other bundles are being made, try again");
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
        return response;
    };
    let Question { auditor, about, filter, size } = asked;
    let zip = match make(custody, about, filter, size).await {
        Ok(zip) => zip,
        Err(Refusal::Response(response)) => return *response,
        Err(Refusal::Bundle(error)) => return refused(&error),
    };
    // what he takes home is named by its digest: whose life it is could not be erased from a record
    let mut unit = Unit::new(&auditor, READ_BUNDLE);
    unit.about("bundle", Digest::of(&zip));
    if let Err(error) = custody.kernel.record(unit).await {
        return answer(&error);
    }
    let head = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"bundle.zip\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (head, zip).into_response()
}

enum Refusal {
    Response(Box<Response>),
    Bundle(BundleError),
}

impl From<BundleError> for Refusal {
    fn from(error: BundleError) -> Self {
        Self::Bundle(error)
    }
}

async fn make(custody: &Custody, about: About, mut filter: Filter, size: u64) -> Result<Vec<u8>, Refusal> {
    let ledger = custody.kernel.ledger().clone();
    let published = ledger.published();
    let failed = |error: strongroom_model::Error| Refusal::Response(Box::new(answer(&error)));
    let mut records = Vec::new();
    filter.limit = Some(500);
    loop {
        let page = crate::life::http::find(custody, &about, &filter, size).await.map_err(failed)?;
        records.extend(page.leaves.into_iter().map(|(_, stored)| stored));
        room_for(&records)?;
        let Some(next) = page.next else { break };
        filter.cursor = Some(next);
    }
    let leaves: Vec<u64> = records.iter().map(|record| record.index).collect();
    let snapshot = custody.kernel.snapshot().await.map_err(failed)?;
    let anchors = anchored(&snapshot, &leaves, published.size).await.map_err(failed)?;
    drop(snapshot);
    let tiles = ServedTiles { ledger, handle: Handle::current() };
    let work = move || {
        let evidence = gather(about, records, &published.text, anchors, tiles, &Silent)?;
        write(&evidence)
    };
    let made = tokio::task::spawn_blocking(work).await;
    Ok(made.map_err(|error| BundleError::Proof(error.to_string()))??)
}

fn refused(error: &BundleError) -> Response {
    match error {
        BundleError::Empty => refuse(StatusCode::NOT_FOUND, &error.to_string()),
        BundleError::TooMany => refuse(StatusCode::PAYLOAD_TOO_LARGE, &error.to_string()),
        BundleError::Zip(_) => refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "it would be too long for one bundle: ask for a time (from, to)",
        ),
        _ => {
            tracing::error!(%error, "bundle not made");
            refuse(StatusCode::SERVICE_UNAVAILABLE, "the ledger cannot be read")
        }
    }
}

/// Tiles as they are served, for the synchronous proof code beside the async workers.
struct ServedTiles {
    ledger: LedgerView,
    handle: Handle,
}

impl TileReader for ServedTiles {
    type Error = PortError;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, PortError> {
        let bytes = self.handle.block_on(self.ledger.tile(tile))?;
        bytes.ok_or_else(|| PortError::missing(format!("{tile} is not covered by the published checkpoint")))
    }
}
