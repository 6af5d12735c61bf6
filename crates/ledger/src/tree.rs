//! The growing edge of the tree: enough hashes to append leaves and to know the root, and nothing more.
//!
//! At most 63 hashes are kept, whatever the size. It cannot make proofs, since it forgets the leaves; that is
//! [`crate::proof`] with a [`crate::HashReader`]. [`crate::TileState`] keeps a frontier beside its tiles.

use crate::hash::{Hash, empty_root, node_hash};
use crate::node::{self, NodeId};

/// The roots of the perfect subtrees that make up a tree, from the largest to the smallest.
///
/// Appending costs one node hash per leaf on average, the root at most 63. `Clone` is cheap (2 KiB at most):
/// keep a copy before a batch that may have to be undone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the empty tree.
    pub const fn new() -> Self {
        Self { size: 0, roots: Vec::new() }
    }

    /// Restores a frontier from what [`Frontier::size`] and [`Frontier::roots`] gave.
    ///
    /// Returns `None` when the count of hashes cannot belong to that size, or the size is above
    /// [`crate::MAX_SIZE`]. Whether they are the right hashes shows only in the root.
    pub fn from_parts(size: u64, roots: Vec<Hash>) -> Option<Self> {
        let fits = size <= crate::MAX_SIZE && size.count_ones() as usize == roots.len();
        fits.then_some(Self { size, roots })
    }

    /// Number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes kept: one for each bit set in the size, from the highest bit to the lowest.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// The nodes whose hashes [`Frontier::roots`] gives, in the same order.
    pub fn nodes(size: u64) -> impl Iterator<Item = NodeId> {
        node::subtrees(0..size)
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_with(leaf, |_, _| ());
    }

    /// Appends a leaf and tells `completed` each node above it that is now complete, lowest first.
    pub fn push_with(&mut self, leaf: Hash, mut completed: impl FnMut(NodeId, Hash)) {
        let (mut hash, mut level) = (leaf, 0_u8);
        // As in adding one to a binary number: each bit that carries joins two subtrees of equal size.
        // Each bit set has its root, so the second condition always holds.
        while (self.size >> level) & 1 == 1
            && let Some(left) = self.roots.pop()
        {
            hash = node_hash(left, hash);
            level += 1;
            completed(NodeId { level, index: self.size >> level }, hash);
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// Root of the tree (RFC 6962 §2.1); that of the empty tree while there is no leaf.
    pub fn root(&self) -> Hash {
        node::fold(&self.roots).unwrap_or_else(empty_root)
    }
}

impl Extend<Hash> for Frontier {
    fn extend<I: IntoIterator<Item = Hash>>(&mut self, leaves: I) {
        for leaf in leaves {
            self.push(leaf);
        }
    }
}

impl FromIterator<Hash> for Frontier {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut frontier = Self::new();
        frontier.extend(leaves);
        frontier
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;

    #[test]
    fn completed_nodes_are_told_with_their_addresses() {
        let mut frontier: Frontier = (0..7_u8).map(|n| leaf_hash(&[n])).collect();
        let mut completed = Vec::new();
        frontier.push_with(leaf_hash(&[7]), |node, _| completed.push((node.level, node.index)));
        assert_eq!(completed, [(1, 3), (2, 1), (3, 0)]);
        assert_eq!(frontier.roots().len(), 1);
    }

    #[test]
    fn a_frontier_is_restored_only_from_as_many_hashes_as_its_size_needs() {
        let frontier: Frontier = (0..11_u8).map(|n| leaf_hash(&[n])).collect();
        let roots = frontier.roots().to_vec();
        assert_eq!(Frontier::from_parts(11, roots.clone()), Some(frontier));
        assert_eq!(Frontier::from_parts(12, roots), None);
        assert_eq!(Frontier::from_parts(1 << 63, vec![leaf_hash(b"")]), None);
    }
}
