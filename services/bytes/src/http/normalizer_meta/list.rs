//! `GET /bytes/normalizer_meta`: parser jobs of an organisation by their start.

use axum::response::Response;

use super::super::{ask::Ask, error::Refusal, pages};
use crate::{
    queries::{NormalizerMetaFilter, list_normalizer_metas},
    wire::models::NormalizerMeta,
};

/// Parser jobs over raw files of an organisation.
pub(in crate::http) async fn list(ask: Ask) -> Result<Response, Refusal> {
    let mut query = ask.query();
    let filter = NormalizerMetaFilter {
        organization: query.required_text("organization"),
        normalizer_id: query.text("normalizer_id"),
        raw_id: query.uuid("raw_id"),
        descending: query.boolean("descending").unwrap_or(true),
    };
    let (limit, offset) = (query.count("limit", 1), query.count("offset", 0));
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
                list_normalizer_metas(&snapshot, &filter, limit, offset).await
            }
        },
        move |out, meta: NormalizerMeta| mask.parser_job(meta).push_json(out),
    )
    .await
}
