//! Labels of raw files.

mod count;

pub(super) use count::count;
