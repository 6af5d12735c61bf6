//! Tests of the ledger from outside: published vectors, all small sizes, tampering, hostile bytes, and Go's
//! transparency-log modules as a reader that shares no code with ours.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::cast_possible_truncation, reason = "trees in tests are small")]

mod checkpoints;
mod fixtures;
mod hostile;
mod mirroring;
mod notes;
mod outside;
mod paths;
mod policies;
mod proofs;
mod support;
mod tiles;
mod tlog_proofs;
mod witnessing;
