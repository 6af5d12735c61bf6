//! Raw files.

mod check_proof;
mod get;
mod get_meta;
mod list;
mod save;

pub(super) use check_proof::check_proof;
pub(super) use get::get;
pub(super) use get_meta::get_meta;
pub(super) use list::list;
pub(super) use save::{keep, save};

use axum::http::StatusCode;
use strongroom_kernel::Uuid;

use super::{ask::Ask, error::Refusal};
use crate::{
    queries::find_raw,
    tables::{BoefjeMeta, RawFile},
};

/// The raw file named in the path and its job, or 404.
async fn named(ask: &Ask) -> Result<(RawFile, BoefjeMeta), Refusal> {
    let id: Uuid = ask.path_uuid("raw_id")?;
    let snapshot = ask.kernel().snapshot().await?;
    find_raw(&snapshot, id).await?.ok_or(Refusal::Detail(StatusCode::NOT_FOUND, "No raw data found"))
}
