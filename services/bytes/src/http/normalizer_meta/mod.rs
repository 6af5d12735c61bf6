//! Parser jobs.

mod get;
mod list;
mod save;

pub(super) use get::get;
pub(super) use list::list;
pub(super) use save::save;
