//! What several modules need: a tree hashed as RFC 6962 spells it, tiles in memory, fixtures, keys.

use std::cell::Cell;
use std::collections::HashMap;
use std::convert::Infallible;

use strongroom_ledger::{
    Frontier, Hash, HashReader, NodeId, Signer, Tile, TileReader, TileState, empty_root, leaf_hash, node_hash,
};

/// Leaf hashes of `count` distinct entries.
pub(crate) fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(format!("entry {n}").as_bytes())).collect()
}

/// `MTH` of RFC 6962 §2.1 over leaf hashes, word for word and without any code of the library but the hashes.
pub(crate) fn merkle_tree_hash(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(merkle_tree_hash(left), merkle_tree_hash(right))
        }
    }
}

/// `PATH` of RFC 6962 §2.1.1.
pub(crate) fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) =
        if index < k { (path(index, left), right) } else { (path(index - k, right), left) };
    proof.push(merkle_tree_hash(sibling));
    proof
}

/// `SUBPROOF` of RFC 6962 §2.1.2.
pub(crate) fn subproof(old: usize, leaves: &[Hash], complete: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if complete { Vec::new() } else { vec![merkle_tree_hash(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) = if old <= k {
        (subproof(old, left, complete), right)
    } else {
        (subproof(old - k, right, false), left)
    };
    proof.push(merkle_tree_hash(sibling));
    proof
}

/// The largest power of two below `n`.
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// A tree whose every node is kept, and which counts how often it was read.
#[derive(Debug, Default)]
pub(crate) struct WholeTree {
    nodes: HashMap<NodeId, Hash>,
    pub(crate) reads: Cell<usize>,
}

impl WholeTree {
    pub(crate) fn new(leaves: &[Hash]) -> Self {
        let mut tree = Self::default();
        let mut frontier = Frontier::new();
        for (index, &leaf) in (0..).zip(leaves) {
            tree.nodes.insert(NodeId::leaf(index), leaf);
            frontier.push_with(leaf, |node, hash| {
                tree.nodes.insert(node, hash);
            });
        }
        tree
    }
}

impl HashReader for WholeTree {
    type Error = Infallible;

    fn hashes(&self, nodes: &[NodeId]) -> Result<Vec<Hash>, Infallible> {
        self.reads.set(self.reads.get() + 1);
        Ok(nodes.iter().map(|node| self.nodes[node]).collect())
    }
}

/// Tiles by their paths, as a folder would have them.
#[derive(Debug, Default, Clone)]
pub(crate) struct Shelf(pub(crate) HashMap<String, Vec<u8>>);

#[derive(Debug, thiserror::Error)]
#[error("no {0}")]
pub(crate) struct Absent(pub(crate) String);

impl TileReader for Shelf {
    type Error = Absent;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, Absent> {
        let path = tile.to_string();
        self.0.get(&path).cloned().ok_or(Absent(path))
    }
}

/// A state and the full tiles it gave out while these leaves were appended in batches of `batch`.
pub(crate) fn tiled(leaves: &[Hash], batch: usize) -> (TileState, Shelf) {
    let mut state = TileState::new();
    let mut shelf = Shelf::default();
    for leaves in leaves.chunks(batch) {
        for full in state.extend(leaves.iter().copied()) {
            let before = shelf.0.insert(full.tile.to_string(), full.bytes);
            assert!(before.is_none(), "{} was given out twice", full.tile);
        }
    }
    (state, shelf)
}

/// A fixture by its path below `fixtures/`.
pub(crate) fn fixture(path: &str) -> serde_json::Value {
    let path = format!("{}/../../fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A key that every run makes alike.
pub(crate) fn signer(name: &str, seed: u8) -> Signer {
    Signer::from_seed(name.parse().unwrap(), &[seed; 32])
}
