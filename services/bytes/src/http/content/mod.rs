//! Raw files as plain bytes.

mod save;

pub(super) use save::save;
