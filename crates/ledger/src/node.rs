//! Addresses of nodes in the tree, and the trait through which proofs read their hashes.
//!
//! Only perfect subtrees (2ˡ leaves) have an address: their hashes never change as the tree grows. Every
//! other range of leaves is a sequence of perfect subtrees, see `subtrees`. Where the hashes are kept is
//! the reader's business; [`crate::tile::TileHashReader`] takes them from tiles.

use std::ops::Range;

use crate::hash::{Hash, node_hash};

/// A perfect subtree: the leaves `index·2^level .. (index + 1)·2^level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// Height above the leaves, 0 for a leaf, at most 63.
    pub level: u8,
    /// Place within the level, from 0.
    pub index: u64,
}

impl NodeId {
    /// The leaf with this index.
    pub const fn leaf(index: u64) -> Self {
        Self { level: 0, index }
    }
}

/// Gives the hashes of nodes: the way from a proof to wherever the tree is kept.
///
/// Hashes from an untrusted place prove nothing until the root made from them was compared with a checkpoint.
pub trait HashReader {
    /// Why hashes could not be read.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Reads the hashes of `nodes`: as many as asked for, in the same order.
    ///
    /// # Errors
    /// When any of them is absent or unreadable.
    fn hashes(&self, nodes: &[NodeId]) -> Result<Vec<Hash>, Self::Error>;
}

impl<R: HashReader + ?Sized> HashReader for &R {
    type Error = R::Error;

    fn hashes(&self, nodes: &[NodeId]) -> Result<Vec<Hash>, Self::Error> {
        (**self).hashes(nodes)
    }
}

/// Splits a range of leaves into the fewest perfect subtrees, from left to right.
///
/// The start must be a multiple of the smallest power of two that is not below the length, as it is for every
/// range of leaves that has a node in an RFC 6962 tree.
pub(crate) fn subtrees(leaves: Range<u64>) -> impl Iterator<Item = NodeId> {
    let mut at = leaves.start;
    std::iter::from_fn(move || {
        let level = leaves.end.checked_sub(at)?.checked_ilog2()?;
        let node = NodeId { level: u8::try_from(level).ok()?, index: at >> level };
        at += 1 << level;
        Some(node)
    })
}

/// Hash of a range of leaves from the hashes of its [`subtrees`]; `None` for an empty range.
pub(crate) fn fold(hashes: &[Hash]) -> Option<Hash> {
    hashes.iter().rev().copied().reduce(|right, left| node_hash(left, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_split_at_the_powers_of_two() {
        fn check(leaves: Range<u64>, expected: &[(u8, u64)]) {
            let nodes: Vec<_> = subtrees(leaves).map(|node| (node.level, node.index)).collect();
            assert_eq!(nodes, expected);
        }
        check(0..0, &[]);
        check(0..1, &[(0, 0)]);
        check(0..7, &[(2, 0), (1, 2), (0, 6)]);
        check(4..8, &[(2, 1)]);
        check(8..11, &[(1, 4), (0, 10)]);
        assert_eq!(subtrees(0..crate::MAX_SIZE).count(), 63);
    }
}
