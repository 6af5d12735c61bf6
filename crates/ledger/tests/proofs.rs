//! Proofs over all sizes to 300: they hold, they are those of RFC 6962, and nothing spoiled holds.

use strongroom_ledger::proof::{ProofError, ProveError};
use strongroom_ledger::{
    Frontier, Hash, HashReader, MAX_SIZE, NodeId, consistency_proof, empty_root, inclusion_proof, leaf_hash,
    tree_root, verify_consistency, verify_inclusion,
};

use crate::support::{WholeTree, leaves, merkle_tree_hash, path, subproof};

const LARGEST: u64 = 300;

/// Roots of all sizes from 0, as RFC 6962 defines them.
fn roots(leaves: &[Hash]) -> Vec<Hash> {
    (0..=leaves.len()).map(|size| merkle_tree_hash(&leaves[..size])).collect()
}

fn flip(hash: Hash, bit: usize) -> Hash {
    let mut bytes = hash.to_bytes();
    bytes[bit / 8 % 32] ^= 1 << (bit % 8);
    Hash::new(bytes)
}

/// Every way in which a proof may be spoiled: a hash changed, left out, doubled or moved, one added.
fn spoiled(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all =
        vec![[&[leaf_hash(b"foreign")], proof].concat(), [proof, &[leaf_hash(b"foreign")]].concat()];
    for place in 0..proof.len() {
        let mut changed = proof.to_vec();
        changed[place] = flip(changed[place], place * 37 + 5);
        all.push(changed);
        let mut shorter = proof.to_vec();
        shorter.remove(place);
        all.push(shorter);
        let mut longer = proof.to_vec();
        longer.insert(place, proof[place]);
        all.push(longer);
        if place > 0 {
            let mut moved = proof.to_vec();
            moved.swap(place - 1, place);
            all.push(moved);
        }
    }
    all
}

#[test]
fn the_frontier_has_the_root_of_rfc_6962_at_every_size() {
    let leaves = leaves(LARGEST);
    let mut frontier = Frontier::new();
    for (size, root) in roots(&leaves).into_iter().enumerate() {
        assert_eq!(frontier.root(), root, "size {size}");
        let restored = Frontier::from_parts(frontier.size(), frontier.roots().to_vec());
        assert_eq!(restored.as_ref(), Some(&frontier));
        frontier.extend(leaves.get(size).copied());
    }
}

#[test]
fn proofs_are_those_of_rfc_6962() {
    let leaves = leaves(70);
    let tree = WholeTree::new(&leaves);
    for size in 1..=leaves.len() {
        let leaves = &leaves[..size];
        for n in 0..size {
            let proof = inclusion_proof(&tree, n as u64, size as u64).unwrap();
            assert_eq!(proof, path(n, leaves), "leaf {n} of {size}");
            let proof = consistency_proof(&tree, n as u64 + 1, size as u64).unwrap();
            assert_eq!(proof, subproof(n + 1, leaves, true), "{} to {size}", n + 1);
        }
    }
}

#[test]
fn every_leaf_is_proved_at_every_size() {
    let leaves = leaves(LARGEST);
    let (tree, roots) = (WholeTree::new(&leaves), roots(&leaves));
    for size in 1..=LARGEST {
        let root = roots[size as usize];
        assert_eq!(tree_root(&tree, size).unwrap(), root);
        for index in 0..size {
            let proof = inclusion_proof(&tree, index, size).unwrap();
            let verdict = verify_inclusion(leaves[index as usize], index, size, root, &proof);
            assert_eq!(verdict, Ok(()), "leaf {index} of {size}");
        }
    }
}

#[test]
fn every_size_is_proved_to_continue_every_earlier_one() {
    let leaves = leaves(LARGEST);
    let (tree, roots) = (WholeTree::new(&leaves), roots(&leaves));
    for new in 1..=LARGEST {
        for old in 1..=new {
            let proof = consistency_proof(&tree, old, new).unwrap();
            let verdict = verify_consistency(old, new, roots[old as usize], roots[new as usize], &proof);
            assert_eq!(verdict, Ok(()), "{old} to {new}");
        }
    }
}

#[test]
fn a_spoiled_inclusion_proof_never_holds() {
    let leaves = leaves(LARGEST);
    let (tree, roots) = (WholeTree::new(&leaves), roots(&leaves));
    for size in (1..=40).chain([64, 65, 127, 255, 256, 257, LARGEST]) {
        let root = roots[size as usize];
        for index in 0..size {
            let leaf = leaves[index as usize];
            let proof = inclusion_proof(&tree, index, size).unwrap();
            for proof in spoiled(&proof) {
                assert!(verify_inclusion(leaf, index, size, root, &proof).is_err(), "{index} of {size}");
            }
            assert!(verify_inclusion(flip(leaf, 7), index, size, root, &proof).is_err());
            assert!(verify_inclusion(leaf, index, size, flip(root, 250), &proof).is_err());
            for other in (0..size).filter(|&other| other != index) {
                assert!(verify_inclusion(leaf, other, size, root, &proof).is_err(), "{index} as {other}");
            }
        }
    }
}

#[test]
fn a_spoiled_consistency_proof_never_holds() {
    let leaves = leaves(LARGEST);
    let (tree, roots) = (WholeTree::new(&leaves), roots(&leaves));
    for new in (1..=40).chain([64, 65, 127, 255, 256, 257, LARGEST]) {
        let new_root = roots[new as usize];
        for old in 1..=new {
            let old_root = roots[old as usize];
            let proof = consistency_proof(&tree, old, new).unwrap();
            for proof in spoiled(&proof) {
                assert!(verify_consistency(old, new, old_root, new_root, &proof).is_err(), "{old} to {new}");
            }
            assert!(verify_consistency(old, new, flip(old_root, 0), new_root, &proof).is_err());
            assert!(verify_consistency(old, new, old_root, flip(new_root, 255), &proof).is_err());
            for other in (1..=new).filter(|&other| other != old) {
                let verdict = verify_consistency(other, new, roots[other as usize], new_root, &proof);
                // A proof to itself is empty, and so is no other.
                assert!(verdict.is_err(), "{old} as {other} to {new}");
            }
        }
    }
}

#[test]
fn a_proof_that_cannot_exist_is_refused_with_its_reason() {
    let (tree, root) = (WholeTree::new(&leaves(8)), empty_root());
    let mut reasons = Vec::new();
    let mut refuse = |prove: Result<Vec<Hash>, ProveError<_>>, verify: Result<(), ProofError>| {
        let Err(ProveError::Request(reason)) = prove else { panic!("made {prove:?}") };
        assert_eq!(verify, Err(reason));
        reasons.push(reason);
    };
    refuse(inclusion_proof(&tree, 0, 0), verify_inclusion(root, 0, 0, root, &[]));
    refuse(inclusion_proof(&tree, 8, 8), verify_inclusion(root, 8, 8, root, &[]));
    refuse(inclusion_proof(&tree, 0, MAX_SIZE + 1), verify_inclusion(root, 0, MAX_SIZE + 1, root, &[]));
    refuse(consistency_proof(&tree, 0, 8), verify_consistency(0, 8, root, root, &[]));
    refuse(consistency_proof(&tree, 0, 0), verify_consistency(0, 0, root, root, &[]));
    refuse(consistency_proof(&tree, 8, 7), verify_consistency(8, 7, root, root, &[]));
    refuse(consistency_proof(&tree, 1, u64::MAX), verify_consistency(1, u64::MAX, root, root, &[]));
    assert_eq!(
        reasons,
        [
            ProofError::EmptyTree,
            ProofError::IndexOutOfRange { index: 8, size: 8 },
            ProofError::SizeTooLarge(MAX_SIZE + 1),
            ProofError::EmptyTree,
            ProofError::EmptyTree,
            ProofError::SizesReversed { old: 8, new: 7 },
            ProofError::SizeTooLarge(u64::MAX),
        ]
    );
    assert_eq!(tree.reads.get(), 0);
}

#[test]
fn a_proof_of_the_wrong_length_is_named_as_such() {
    let root = empty_root();
    assert_eq!(
        verify_inclusion(root, 5, 8, root, &[root; 2]),
        Err(ProofError::WrongLength { expected: 3, found: 2 })
    );
    assert_eq!(
        verify_consistency(6, 8, root, root, &[root; 4]),
        Err(ProofError::WrongLength { expected: 3, found: 4 })
    );
    assert_eq!(verify_inclusion(root, 1, MAX_SIZE, root, &[root; 63]), Err(ProofError::RootMismatch));
    assert_eq!(
        verify_inclusion(root, MAX_SIZE - 1, MAX_SIZE, root, &[]),
        Err(ProofError::WrongLength { expected: 62, found: 0 })
    );
}

#[test]
fn wrong_roots_of_a_consistency_proof_are_told_apart() {
    let leaves = leaves(7);
    let (tree, roots) = (WholeTree::new(&leaves), roots(&leaves));
    let proof = consistency_proof(&tree, 3, 7).unwrap();
    let check = |old_root, new_root| verify_consistency(3, 7, old_root, new_root, &proof);
    assert_eq!(check(roots[2], roots[7]), Err(ProofError::OldRootMismatch));
    assert_eq!(check(roots[3], roots[6]), Err(ProofError::NewRootMismatch));
}

#[test]
fn a_proof_reads_all_its_hashes_at_once() {
    let tree = WholeTree::new(&leaves(LARGEST));
    inclusion_proof(&tree, 150, LARGEST).unwrap();
    consistency_proof(&tree, 150, LARGEST).unwrap();
    tree_root(&tree, LARGEST).unwrap();
    assert_eq!(tree.reads.get(), 3);
}

#[test]
fn a_reader_that_gives_too_few_hashes_is_found_out() {
    struct Forgetful;
    impl HashReader for Forgetful {
        type Error = std::convert::Infallible;
        fn hashes(&self, nodes: &[NodeId]) -> Result<Vec<Hash>, Self::Error> {
            Ok(vec![empty_root(); nodes.len() - 1])
        }
    }
    let proof = inclusion_proof(&Forgetful, 2, 7);
    assert!(matches!(proof, Err(ProveError::Count { asked: 4, given: 3 })), "{proof:?}");
}
