//! Contents of raw files.

mod list;

pub(super) use list::list;
