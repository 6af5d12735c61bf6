//! The ledger as pure functions and values: Merkle tree, tiles, checkpoints, signed notes and proofs.
//!
//! Everything here follows a public specification, so that other people's tools can read and verify what
//! Strongroom publishes: RFC 6962 §2.1 (hashing and proofs), `c2sp.org/tlog-tiles`, `c2sp.org/tlog-checkpoint`,
//! `c2sp.org/signed-note`, `c2sp.org/tlog-cosignature`, `c2sp.org/tlog-proof`, `c2sp.org/tlog-policy`,
//! `c2sp.org/tlog-witness` and `c2sp.org/tlog-mirror`. Only [`leaf`] and [`mod@commitment`] are our own; their forms
//! never change.
//!
//! Not here: storage, clock, randomness, HTTP, threads. Times, nonces and key seeds are parameters. What a
//! record contains and when a leaf is appended is the kernel's business.
//!
//! In reading order: [`hash`], [`node`], [`tree`], [`proof`], [`tile`], [`note`], [`checkpoint`],
//! [`tlog_proof`], [`policy`], [`witness`], [`mirror`], then [`leaf`] and [`mod@commitment`].

pub mod checkpoint;
pub mod commitment;
pub mod hash;
pub mod leaf;
pub mod mirror;
pub mod node;
pub mod note;
pub mod policy;
pub mod proof;
pub mod tile;
pub mod tlog_proof;
pub mod tree;
pub mod witness;

mod text;

pub use checkpoint::Checkpoint;
pub use commitment::{commitment, field_commitment};
pub use hash::{Hash, empty_root, leaf_hash, node_hash};
pub use leaf::{Leaf, ServiceName};
pub use node::{HashReader, NodeId};
pub use note::{Cosigner, Note, Signature, Signer, Verifier};
pub use policy::Policy;
pub use proof::{consistency_proof, inclusion_proof, tree_root, verify_consistency, verify_inclusion};
pub use tile::{CurrentTiles, Tile, TileData, TileHashReader, TileKind, TileReader, TileState};
pub use tlog_proof::TlogProof;
pub use tree::Frontier;
pub use witness::AddCheckpoint;

/// Largest tree this crate works with, in leaves: 2⁶³ - 1.
///
/// Other implementations and SQL databases count in signed 64-bit integers.
pub const MAX_SIZE: u64 = i64::MAX as u64;
