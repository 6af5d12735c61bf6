//! `GET /bytes/boefje_meta`: scan jobs of an organisation by their start.

use axum::response::Response;

use super::super::{ask::Ask, error::Refusal, pages};
use crate::{
    queries::{BoefjeMetaFilter, InputFilter, list_boefje_metas},
    wire::models::BoefjeMeta,
};

/// Scan jobs of an organisation. An absent `input_ooi` is a filter of its own (jobs without input), `*` is any.
pub(in crate::http) async fn list(ask: Ask) -> Result<Response, Refusal> {
    let mut query = ask.query();
    let filter = BoefjeMetaFilter {
        organization: query.required_text("organization"),
        boefje_id: query.text("boefje_id"),
        input: match query.text("input_ooi") {
            None => InputFilter::None,
            Some(any) if any == "*" => InputFilter::Any,
            Some(input) => InputFilter::Is(input),
        },
        descending: true,
    };
    let (limit, offset) = (query.count("limit", 1), query.count("offset", 0));
    let filter = BoefjeMetaFilter { descending: query.boolean("descending").unwrap_or(true), ..filter };
    query.finish()?;
    let state = ask.state;
    let mask = state.mask().clone();
    pages::by_offset(
        limit,
        offset,
        move |limit, offset| {
            let (state, filter) = (state.clone(), filter.clone());
            async move {
                let snapshot = state.kernel().snapshot().await?;
                let rows = list_boefje_metas(&snapshot, &filter, limit, offset).await?;
                Ok(rows.into_iter().map(BoefjeMeta::from).collect())
            }
        },
        move |out, meta: BoefjeMeta| mask.job(meta).push_json(out),
    )
    .await
}
