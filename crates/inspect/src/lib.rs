//! What content is, seen from its bytes alone: its digests by every algorithm a client may name, in one pass.
//!
//! Forbids I/O: bytes come in pieces from whoever reads them. The digest under which content is stored is
//! SHA-256 and lives in `strongroom-model`; here are those that clients ask for and post.

mod algorithm;
mod digests;
mod hasher;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use digests::Digests;
