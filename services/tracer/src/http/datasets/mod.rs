//! Datasets.

mod integrity;

pub(super) use integrity::integrity;
