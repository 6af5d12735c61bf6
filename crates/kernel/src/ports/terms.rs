//! Where the index of terms is kept: which leaves tell of an object, a subject or a caller.
//!
//! Everything here derives from the records (`crate::index` says how); a database that lost it loses speed only.

use async_trait::async_trait;

use super::{PortError, StoredRecord};

/// Keeps the sorted runs of the index of terms, and reads single records by their index.
///
/// A run is a catalogue entry and its blocks. Blocks are opaque; within a run they are ordered by the bytes of
/// their first key.
#[async_trait]
pub trait TermStore: Send + Sync {
    /// The catalogue, in the order of the runs' first leaves, then of their numbers.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    async fn term_runs(&self) -> Result<Vec<TermRun>, PortError>;

    /// Blocks of run `run` in the order of their first keys, at most `limit`: from the last one that begins at or
    /// before `from`, or from the first one if none does.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn term_blocks(&self, run: u64, from: &[u8], limit: usize) -> Result<Vec<TermBlock>, PortError>;

    /// Carries a change out, all of it or nothing; durable when it returns.
    ///
    /// # Errors
    /// `Unavailable`, `Full`: it may have been carried out.
    async fn change_terms(&self, change: TermChange) -> Result<(), PortError>;

    /// Records of these indexes, in the order asked; at most a thousand are asked for.
    ///
    /// # Errors
    /// `Unavailable`; `Missing` when one of them is not in the ledger.
    async fn records_at(&self, indexes: &[u64]) -> Result<Vec<StoredRecord>, PortError>;
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Being written: not to be read, and dropped when found at start.
    Building,
    /// To be read.
    Live,
    /// Replaced by another; its blocks are being removed.
    Retired,
}

/// One sorted run: the entries of some leaves that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermRun {
    /// Its name.
    pub number: u64,
    /// First leaf it covers.
    pub first: u64,
    /// The leaf behind the last one it covers.
    pub end: u64,
    /// How far it is.
    pub state: RunState,
}

/// Some entries of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermBlock {
    /// Key of its first entry: 16 bytes of term, 8 bytes of leaf index, big-endian.
    pub first: Vec<u8>,
    /// Its entries.
    pub entries: Vec<u8>,
}

/// What one transaction does to the index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TermChange {
    /// Blocks that are removed, by run and first key.
    pub remove: Vec<(u64, Vec<u8>)>,
    /// Runs that are taken out of the catalogue, with all blocks they still have.
    pub drop: Vec<u64>,
    /// Catalogue entries that are added or replaced.
    pub runs: Vec<TermRun>,
    /// Blocks that are added or replaced, by run.
    pub blocks: Vec<(u64, TermBlock)>,
}
