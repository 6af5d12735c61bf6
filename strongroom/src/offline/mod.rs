//! The ledger without a running kernel: read beside whoever serves it, or from files alone.

mod record;
mod tiles;

pub(crate) use record::RecordFile;
pub(crate) use tiles::prove;
