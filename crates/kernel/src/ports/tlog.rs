//! Other people's transparency logs and witnesses.

use std::fmt::Debug;

use async_trait::async_trait;
use strongroom_ledger::{AddCheckpoint, Signature};

use super::PortError;

/// What a witness says to a checkpoint (`c2sp.org/tlog-witness`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WitnessAnswer {
    /// It cosigned: its signature lines, not yet verified.
    Cosigned(Vec<Signature>),
    /// The request began elsewhere than at the tree it cosigned last, which has so many leaves.
    Latest(u64),
    /// It will not, with the HTTP status and at most a line of its own words.
    Refused {
        /// HTTP status.
        status: u16,
        /// Its words.
        text: String,
    },
}

/// Cosigns checkpoints of this ledger. Nothing it says is believed before it is verified.
#[async_trait]
pub trait Witness: Debug + Send + Sync {
    /// Asks for a cosignature. May be asked twice with the same.
    ///
    /// # Errors
    /// `Unavailable` when there is no answer in time, or none that can be read; `Refused` when its address is wrong.
    async fn add_checkpoint(&self, request: &AddCheckpoint) -> Result<WitnessAnswer, PortError>;
}

/// Gives what another log publishes below its prefix (`c2sp.org/tlog-tiles`). Nothing of it is believed.
#[async_trait]
pub trait LogSource: Debug + Send + Sync {
    /// The resource at `path`, such as `checkpoint` or `tile/0/000`; `None` when it is not there.
    ///
    /// # Errors
    /// `Unavailable` when there is no answer in time; `Refused` when it is longer than any such resource.
    async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, PortError>;
}

/// What a shared ledger says to leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SharedAnswer {
    /// It took them, or had them already: its receipt, not yet verified. It may be about fewer of them.
    Taken(Vec<u8>),
    /// It will not, with the HTTP status and at most a line of its own words.
    Refused {
        /// HTTP status.
        status: u16,
        /// Its words.
        text: String,
    },
}

/// Takes leaves of this ledger into another one. Nothing it says is believed before it is verified.
#[async_trait]
pub trait SharedLedger: Debug + Send + Sync {
    /// Hands over `leaves` of the ledger `origin`, the first of which has the index `first`. May be called twice with
    /// the same, and with more leaves from the same index.
    ///
    /// # Errors
    /// `Unavailable` when there is no answer in time: they may have been taken.
    async fn take(&self, origin: &str, first: u64, leaves: &[Vec<u8>]) -> Result<SharedAnswer, PortError>;
}
