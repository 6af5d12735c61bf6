//! Parser jobs.

mod save;

pub use save::SaveNormalizerMeta;
