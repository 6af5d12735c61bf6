//! Makes proofs and roots from the hashes of a [`HashReader`].
//!
//! Each function asks its reader once, for all nodes it needs. Nothing is verified here.

use std::ops::Range;

use super::{ProofError, consistency_ranges, inclusion_ranges};
use crate::hash::{Hash, empty_root};
use crate::node::{self, HashReader};

/// Why a proof could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ProveError<E: std::error::Error + 'static> {
    /// No such proof exists.
    #[error(transparent)]
    Request(#[from] ProofError),
    /// The reader failed.
    #[error("read node hashes")]
    Read(#[source] E),
    /// The reader broke its contract.
    #[error("asked for {asked} node hashes and got {given}")]
    Count {
        /// Nodes asked for.
        asked: usize,
        /// Hashes given.
        given: usize,
    },
}

/// Proves that the leaf `index` is in the tree of `size` leaves (RFC 6962 §2.1.1).
///
/// The hashes go from the leaf's sibling up to the root's child; none for a tree of one leaf.
///
/// # Errors
/// [`ProveError::Request`] for an empty tree, a size above [`crate::MAX_SIZE`] or an index not below it;
/// otherwise what the reader reports.
pub fn inclusion_proof<R: HashReader>(
    reader: &R,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    ProofError::check_size(size)?;
    ProofError::check_index(index, size)?;
    read_ranges(reader, &inclusion_ranges(index, size))
}

/// Proves that the tree of `new` leaves begins with the tree of `old` leaves (RFC 6962 §2.1.2).
///
/// Empty when the sizes are equal.
///
/// # Errors
/// [`ProveError::Request`] when a size is zero or above [`crate::MAX_SIZE`], or `old` is above `new`;
/// otherwise what the reader reports.
pub fn consistency_proof<R: HashReader>(
    reader: &R,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    ProofError::check_size(old)?;
    ProofError::check_size(new)?;
    ProofError::check_order(old, new)?;
    read_ranges(reader, &consistency_ranges(old, new))
}

/// Root of the tree of `size` leaves (RFC 6962 §2.1); of the empty tree too, without asking the reader.
///
/// # Errors
/// [`ProveError::Request`] for a size above [`crate::MAX_SIZE`]; otherwise what the reader reports.
pub fn tree_root<R: HashReader>(reader: &R, size: u64) -> Result<Hash, ProveError<R::Error>> {
    if size == 0 {
        return Ok(empty_root());
    }
    ProofError::check_size(size)?;
    let roots = read_ranges(reader, std::slice::from_ref(&(0..size)))?;
    roots.first().copied().ok_or(ProveError::Count { asked: 1, given: 0 })
}

/// One hash for each range; every range has at least one leaf.
pub(super) fn read_ranges<R: HashReader>(
    reader: &R,
    ranges: &[Range<u64>],
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    let nodes: Vec<_> = ranges.iter().cloned().flat_map(node::subtrees).collect();
    if nodes.is_empty() {
        return Ok(Vec::new());
    }
    let hashes = reader.hashes(&nodes).map_err(ProveError::Read)?;
    if hashes.len() != nodes.len() {
        return Err(ProveError::Count { asked: nodes.len(), given: hashes.len() });
    }
    let mut rest = hashes.as_slice();
    let mut proof = Vec::with_capacity(ranges.len());
    for range in ranges {
        let (own, others) = rest.split_at((range.end - range.start).count_ones() as usize);
        proof.extend(node::fold(own));
        rest = others;
    }
    Ok(proof)
}
