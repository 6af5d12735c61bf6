//! Which raw files a request names: query keys, and the original's list of organisations in the body.

use axum::{body::Body, http::StatusCode};
use strongroom_kernel::{Kernel, Uuid};

use super::{ask::Ask, error::Refusal};
use crate::{
    queries::{RawFilter, order_of_raw},
    wire::{body::read_organizations, query::Query},
};

/// A filter and the most files to list.
pub(super) struct Limited {
    pub(super) filter: RawFilter,
    pub(super) limit: u64,
    /// The file after which the list begins; an addition.
    after: Option<Uuid>,
}

impl Limited {
    /// The place after which the list begins: -1 for the first file.
    pub(super) async fn begins_after(&self, kernel: &Kernel) -> Result<i64, Refusal> {
        let Some(id) = self.after else { return Ok(-1) };
        let snapshot = kernel.snapshot().await?;
        let order = order_of_raw(&snapshot, id).await?;
        order.ok_or(Refusal::Detail(StatusCode::NOT_FOUND, "No raw data found"))
    }
}

/// The filter of `GET /bytes/raw`: organisations come as a JSON list in the body or, as an addition, as query keys.
pub(super) async fn listed(ask: &Ask, body: Body) -> Result<Limited, Refusal> {
    let in_body = organizations_in_body(ask, body).await?;
    let mut limited = limited(ask.query())?;
    limited.filter.organizations.extend(in_body);
    Ok(limited)
}

/// The filter of `GET /bytes/raws`: organisations come as query keys only, and a body is not looked at.
pub(super) fn queried(ask: &Ask) -> Result<Limited, Refusal> {
    limited(ask.query())
}

/// The filter of `GET /bytes/mime_types`: as [`listed`], without ids and limit.
pub(super) async fn counted(ask: &Ask, body: Body) -> Result<RawFilter, Refusal> {
    let in_body = organizations_in_body(ask, body).await?;
    let mut query = ask.query();
    let mut filter = common(&mut query);
    query.finish()?;
    filter.organizations.extend(in_body);
    Ok(filter)
}

async fn organizations_in_body(ask: &Ask, body: Body) -> Result<Vec<String>, Refusal> {
    let body = ask.metadata(body).await?;
    Ok(read_organizations(ask.content_type().as_deref(), &body)?.unwrap_or_default())
}

fn limited(mut query: Query<'_>) -> Result<Limited, Refusal> {
    let filter = RawFilter { raw_ids: query.uuids("raw_ids"), ..common(&mut query) };
    let limit = query.count("limit", 1);
    let after = query.uuid("after");
    query.finish()?;
    Ok(Limited { filter, limit, after })
}

fn common(query: &mut Query<'_>) -> RawFilter {
    RawFilter {
        organizations: query.texts("organization"),
        boefje_meta_id: query.uuid("boefje_meta_id"),
        normalized: query.boolean("normalized"),
        raw_ids: Vec::new(),
        mime_types: query.texts("mime_types"),
    }
}
