//! `GET /bytes/raw`: records of raw files in the order they were saved.

use axum::{body::Body, response::Response};

use super::super::{
    ask::Ask,
    error::Refusal,
    filter::{self, Limited},
    pages,
};
use crate::{
    convert,
    queries::{Listed, list_raws},
};

/// Records of raw files; the body may be a JSON list of organisations, as in the original.
pub(in crate::http) async fn list(ask: Ask, body: Body) -> Result<Response, Refusal> {
    let limited = filter::listed(&ask, body).await?;
    let begins_after = limited.begins_after(ask.kernel()).await?;
    let Limited { filter, limit, .. } = limited;
    let state = ask.state;
    let mask = state.mask().clone();
    pages::list(
        limit,
        move |limit, last: Option<&Listed>, _| {
            let (state, filter) = (state.clone(), filter.clone());
            let after = last.map_or(begins_after, |last| last.order);
            async move {
                let snapshot = state.kernel().snapshot().await?;
                list_raws(&snapshot, &filter, after, limit).await
            }
        },
        move |out, Listed { raw, boefje_meta, .. }| {
            mask.raw(convert::raw_meta(raw, boefje_meta)).push_json(out);
        },
    )
    .await
}
