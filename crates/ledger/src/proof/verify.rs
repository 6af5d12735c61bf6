//! Checks proofs against roots, with the algorithms of RFC 9162 §2.1.3.2 and §2.1.4.2.
//!
//! These walk from the leaf up and share no code with the side that makes proofs, apart from the count of
//! hashes that a proof must have.

use super::consistency_ranges;
use crate::hash::{Hash, node_hash};

/// Why a proof does not hold, or cannot exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The empty tree includes nothing, and says nothing about a later one.
    #[error("the empty tree has no proofs")]
    EmptyTree,
    /// A size above [`crate::MAX_SIZE`].
    #[error("tree size {0} is too large")]
    SizeTooLarge(u64),
    /// The index is not below the size.
    #[error("leaf {index} is not in a tree of {size} leaves")]
    IndexOutOfRange {
        /// Index asked for.
        index: u64,
        /// Size of the tree.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("the older size {old} is above the newer size {new}")]
    SizesReversed {
        /// Size of the tree said to be older.
        old: u64,
        /// Size of the tree said to be newer.
        new: u64,
    },
    /// The range of leaves from the first to before the second is no subtree.
    #[error("leaves {0} to {1} are no subtree")]
    NoSubtree(u64, u64),
    /// The proof has too few or too many hashes for these sizes.
    #[error("the proof has {found} hashes instead of {expected}")]
    WrongLength {
        /// Hashes that such a proof has.
        expected: usize,
        /// Hashes given.
        found: usize,
    },
    /// The proof does not lead to the root: leaf, index, proof or root is not the right one.
    #[error("the proof leads to another root")]
    RootMismatch,
    /// The proof does not lead to the older root.
    #[error("the proof leads to another root for the older tree")]
    OldRootMismatch,
    /// The proof leads to the older root, but not to the newer.
    #[error("the proof leads to another root for the newer tree")]
    NewRootMismatch,
}

impl ProofError {
    pub(super) fn check_size(size: u64) -> Result<(), Self> {
        match size {
            0 => Err(Self::EmptyTree),
            1..=crate::MAX_SIZE => Ok(()),
            _ => Err(Self::SizeTooLarge(size)),
        }
    }

    pub(super) fn check_index(index: u64, size: u64) -> Result<(), Self> {
        if index < size { Ok(()) } else { Err(Self::IndexOutOfRange { index, size }) }
    }

    pub(super) fn check_order(old: u64, new: u64) -> Result<(), Self> {
        if old <= new { Ok(()) } else { Err(Self::SizesReversed { old, new }) }
    }

    pub(super) fn check_length(expected: usize, found: usize) -> Result<(), Self> {
        if expected == found { Ok(()) } else { Err(Self::WrongLength { expected, found }) }
    }
}

/// Checks that the leaf with hash `leaf` is number `index` of the tree with this `size` and `root`.
///
/// RFC 9162 §2.1.3.2. The root must come from a checkpoint whose signature was verified.
///
/// # Errors
/// [`ProofError`], and never success, unless all five belong together.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    ProofError::check_size(size)?;
    ProofError::check_index(index, size)?;
    ProofError::check_length(inclusion_length(index, size), proof.len())?;
    let mut walk = Walk { node: index, last: size - 1 };
    let mut hash = leaf;
    for &sibling in proof {
        hash = if walk.sibling_is_left() { node_hash(sibling, hash) } else { node_hash(hash, sibling) };
        walk.climb();
    }
    if hash == root { Ok(()) } else { Err(ProofError::RootMismatch) }
}

/// Checks that the tree of `new` leaves begins with all leaves of the tree of `old` leaves.
///
/// RFC 9162 §2.1.4.2. Equal sizes need an empty proof and equal roots. An empty older tree is refused: every
/// tree continues it, so whoever holds such a checkpoint has nothing to check.
///
/// # Errors
/// [`ProofError`], and never success, unless sizes, roots and proof belong together.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: Hash,
    new_root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    ProofError::check_size(old)?;
    ProofError::check_size(new)?;
    ProofError::check_order(old, new)?;
    ProofError::check_length(consistency_ranges(old, new).len(), proof.len())?;
    let mut walk = Walk { node: old - 1, last: new - 1 };
    walk.skip_complete();
    // An old tree of 2ⁿ leaves is itself the first node, and the proof leaves it out.
    let (first, rest) = match proof.split_first() {
        Some((&first, rest)) if !old.is_power_of_two() => (first, rest),
        _ => (old_root, proof),
    };
    let (mut old_hash, mut new_hash) = (first, first);
    for &sibling in rest {
        if walk.sibling_is_left() {
            old_hash = node_hash(sibling, old_hash);
            new_hash = node_hash(sibling, new_hash);
        } else {
            new_hash = node_hash(new_hash, sibling);
        }
        walk.climb();
    }
    if old_hash != old_root {
        return Err(ProofError::OldRootMismatch);
    }
    if new_hash == new_root { Ok(()) } else { Err(ProofError::NewRootMismatch) }
}

/// Hashes in the inclusion proof of the leaf `index` in a tree of `size` leaves; needs `index < size`.
///
/// Up to where the paths of this leaf and of the last one meet there is one hash per level; above, only where
/// the path comes from the right.
fn inclusion_length(index: u64, size: u64) -> usize {
    let meeting = u64::BITS - (index ^ (size - 1)).leading_zeros();
    (meeting + index.unbounded_shr(meeting).count_ones()) as usize
}

/// The way up from a node and from the last node of its level: `fn` and `sn` of RFC 9162.
struct Walk {
    node: u64,
    last: u64,
}

impl Walk {
    fn sibling_is_left(&self) -> bool {
        self.node & 1 == 1 || self.node == self.last
    }

    /// To the level at which this node has its next sibling.
    fn climb(&mut self) {
        if self.node == self.last {
            // The last node of a level without a right sibling rises until it is a right child.
            while self.node & 1 == 0 && self.node != 0 {
                self.up();
            }
        }
        self.up();
    }

    /// Past the levels at which this node is a right child, so that its subtree ends where the old tree ends.
    fn skip_complete(&mut self) {
        while self.node & 1 == 1 {
            self.up();
        }
    }

    fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }
}
