//! Consistency of a subtree with a tree: that leaves `start..end` of one are leaves `start..end` of the other.
//!
//! `draft-ietf-plants-merkle-tree-certs-02` §4.4, which `c2sp.org/tlog-mirror` relies on. With `start` zero it is
//! the consistency proof of RFC 6962 §2.1.2, with one leaf its inclusion proof.

use std::ops::Range;

use super::prove::{ProveError, read_ranges};
use super::{ProofError, middle};
use crate::hash::{Hash, node_hash};
use crate::node::HashReader;

/// Whether `start..end` is a subtree: not empty, and its start a multiple of the smallest power of two that is
/// not below its length.
pub fn is_subtree(leaves: &Range<u64>) -> bool {
    let length = leaves.end.checked_sub(leaves.start).filter(|&length| length > 0);
    let unit = length.and_then(u64::checked_next_power_of_two);
    unit.is_some_and(|unit| leaves.start.is_multiple_of(unit))
}

fn check(leaves: &Range<u64>, size: u64) -> Result<(), ProofError> {
    ProofError::check_size(size)?;
    if leaves.end > size {
        return Err(ProofError::IndexOutOfRange { index: leaves.end.saturating_sub(1), size });
    }
    if is_subtree(leaves) { Ok(()) } else { Err(ProofError::NoSubtree(leaves.start, leaves.end)) }
}

/// Makes the proof that `leaves` are the same in the tree of `size` leaves that `reader` reads.
///
/// # Errors
/// When they are no subtree of such a tree, or hashes cannot be read.
pub fn subtree_proof<R: HashReader>(
    reader: &R,
    leaves: Range<u64>,
    size: u64,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    check(&leaves, size)?;
    let mut ranges = Vec::new();
    collect(leaves, 0..size, true, &mut ranges);
    read_ranges(reader, &ranges)
}

/// The ranges whose hashes make up the proof, in its order: what lies deeper comes first.
fn collect(leaves: Range<u64>, window: Range<u64>, known: bool, ranges: &mut Vec<Range<u64>>) {
    if leaves == window {
        if !known {
            ranges.push(window);
        }
        return;
    }
    let middle = middle(window.start, window.end);
    if leaves.end <= middle {
        collect(leaves, window.start..middle, known, ranges);
        ranges.push(middle..window.end);
    } else if middle <= leaves.start {
        collect(leaves, middle..window.end, known, ranges);
        ranges.push(window.start..middle);
    } else {
        // a subtree that crosses the middle begins where the window does, and is split at the same place
        collect(middle..leaves.end, middle..window.end, false, ranges);
        ranges.push(window.start..middle);
    }
}

/// Checks that the subtree over `leaves` with hash `subtree` belongs to the tree with this `size` and `root`.
///
/// # Errors
/// [`ProofError`], and never success, unless all belong together.
pub fn verify_subtree(
    leaves: Range<u64>,
    size: u64,
    subtree: Hash,
    root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    check(&leaves, size)?;
    let mut expected = Vec::new();
    collect(leaves.clone(), 0..size, true, &mut expected);
    ProofError::check_length(expected.len(), proof.len())?;
    let mut rest = proof.iter().copied();
    let found = climb(leaves, 0..size, Some(subtree), &mut rest).ok_or(ProofError::RootMismatch)?;
    if found.subtree != subtree {
        return Err(ProofError::OldRootMismatch);
    }
    if found.window == root { Ok(()) } else { Err(ProofError::RootMismatch) }
}

/// What the proof says the hashes are.
struct Climbed {
    subtree: Hash,
    window: Hash,
}

/// Walks down to the subtree and hashes on the way back; `None` when the proof ends too early.
fn climb(
    leaves: Range<u64>,
    window: Range<u64>,
    known: Option<Hash>,
    proof: &mut impl Iterator<Item = Hash>,
) -> Option<Climbed> {
    if leaves == window {
        let hash = known.or_else(|| proof.next())?;
        return Some(Climbed { subtree: hash, window: hash });
    }
    let middle = middle(window.start, window.end);
    if leaves.end <= middle {
        let left = climb(leaves, window.start..middle, known, proof)?;
        let right = proof.next()?;
        Some(Climbed { subtree: left.subtree, window: node_hash(left.window, right) })
    } else if middle <= leaves.start {
        let right = climb(leaves, middle..window.end, known, proof)?;
        let left = proof.next()?;
        Some(Climbed { subtree: right.subtree, window: node_hash(left, right.window) })
    } else {
        let right = climb(middle..leaves.end, middle..window.end, None, proof)?;
        let left = proof.next()?;
        Some(Climbed { subtree: node_hash(left, right.subtree), window: node_hash(left, right.window) })
    }
}
