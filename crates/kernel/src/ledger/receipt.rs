//! What a caller takes home from a write: enough to ask for the proof later.

use std::fmt;

use strongroom_ledger::{Hash, leaf_hash};

/// Says which leaf of which ledger a write became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Origin of the ledger, as its checkpoints name it.
    pub origin: String,
    /// RFC 6962 hash of the leaf.
    pub leaf_hash: Hash,
    /// Index of the leaf, where it is known at the time of the answer.
    pub index: Option<u64>,
}

impl Receipt {
    pub(crate) fn new(origin: &str, leaf: &[u8], index: Option<u64>) -> Self {
        Self { origin: origin.to_owned(), leaf_hash: leaf_hash(leaf), index }
    }
}

/// The value of the header `Strongroom-Receipt`, a dictionary of RFC 9651:
/// `origin="example.org/strongroom", leaf=:<base64>:, index=17`.
impl fmt::Display for Receipt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "origin=\"{}\", leaf=:{}:", self.origin, self.leaf_hash.to_base64())?;
        match self.index {
            Some(index) => write!(formatter, ", index={index}"),
            None => Ok(()),
        }
    }
}
