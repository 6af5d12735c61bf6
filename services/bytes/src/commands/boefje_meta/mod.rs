//! Scan jobs.

mod save;

pub use save::SaveBoefjeMeta;
