//! Inclusion and consistency proofs (RFC 6962 §2.1.1 and §2.1.2), proofs of subtrees, and roots of past sizes.
//!
//! Proofs are made from any [`crate::HashReader`] and verified by plain functions over hashes. How a proof is
//! written to a file is [`crate::tlog_proof`]; who signed the root is [`crate::checkpoint`].

mod prove;
mod subtree;
mod verify;

pub use prove::{ProveError, consistency_proof, inclusion_proof, tree_root};
pub use subtree::{is_subtree, subtree_proof, verify_subtree};
pub use verify::{ProofError, verify_consistency, verify_inclusion};

use std::ops::Range;

/// Ranges of leaves whose hashes make up the inclusion proof, from the leaf's sibling to the root's child.
///
/// RFC 6962 §2.1.1, `PATH(m, D[n])`, walked from the root down. Needs `index < size`.
fn inclusion_ranges(index: u64, size: u64) -> Vec<Range<u64>> {
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = middle(start, end);
        if index < middle {
            path.push(middle..end);
            end = middle;
        } else {
            path.push(start..middle);
            start = middle;
        }
    }
    path.reverse();
    path
}

/// Ranges of leaves whose hashes make up the consistency proof, in the order of the proof.
///
/// RFC 6962 §2.1.2, `SUBPROOF(m, D[n], b)`, walked from the root down. Needs `0 < old <= new`.
fn consistency_ranges(old: u64, new: u64) -> Vec<Range<u64>> {
    let (mut start, mut end) = (0, new);
    let mut path = Vec::new();
    while end != old {
        let middle = middle(start, end);
        if old <= middle {
            path.push(middle..end);
            end = middle;
        } else {
            path.push(start..middle);
            start = middle;
        }
    }
    // A walk that never went right ends at the whole old tree, whose root the verifier has.
    if start != 0 {
        path.push(start..end);
    }
    path.reverse();
    path
}

/// Where RFC 6962 splits the leaves `start..end`, at least two: after the largest power of two below their count.
fn middle(start: u64, end: u64) -> u64 {
    start + (1 << (end - start - 1).ilog2())
}
