//! Traces.

mod add;
mod get;
mod search;

pub(super) use add::add;
pub(super) use get::get;
pub(super) use search::search;
