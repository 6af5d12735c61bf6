//! A command: a function from a snapshot to a unit.

use async_trait::async_trait;
use strongroom_model::{Error, ErrorKind};

use crate::{ledger::Receipt, snapshot::Snapshot, unit::Unit};

/// A use-case that writes.
///
/// [`Command::decide`] may run several times, when what it saw had changed by the time of the commit: it
/// looks and decides, and changes nothing itself.
#[async_trait]
pub trait Command: Send + Sync {
    /// What the caller is told.
    type Reply: Send;

    /// Looks into the snapshot and says what shall be done, and the reply when it was.
    ///
    /// # Errors
    /// Whatever refuses the request; nothing is then written.
    async fn decide(&self, snapshot: &Snapshot) -> Result<(Unit, Self::Reply), Error>;

    /// The error for an expectation labelled `label` that did not hold at the commit.
    fn unmet(&self, label: &'static str) -> Error {
        Error::new(ErrorKind::Conflict, label.replace('_', " "))
    }
}

/// A command carried out: durable, in the ledger, announced or about to be.
#[derive(Debug, Clone)]
pub struct Done<R> {
    /// What the caller is told.
    pub reply: R,
    /// Proof that it was recorded.
    pub receipt: Receipt,
}
