//! Requests to witnesses, the rules by which they are answered, and proofs of subtrees.

use proptest::prelude::*;
use strongroom_ledger::proof::{is_subtree, subtree_proof, verify_subtree};
use strongroom_ledger::witness::{Refusal, RequestError, Seen, parse_size, print_size};
use strongroom_ledger::{AddCheckpoint, Checkpoint, Hash, consistency_proof, inclusion_proof};

use crate::support::{WholeTree, leaves, merkle_tree_hash, signer};

const ORIGIN: &str = "example.com/behind-the-sofa";

/// The request of the specification.
const EXAMPLE: &str = "\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u{2014} example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";

#[test]
fn the_request_of_the_specification_reads_and_prints_the_same() {
    let request = AddCheckpoint::parse(EXAMPLE.as_bytes()).unwrap();
    assert_eq!((request.old(), request.proof().len()), (20_852_014, 4));
    assert_eq!(request.origin(), ORIGIN);
    assert_eq!(request.checkpoint().signatures().len(), 2);
    assert_eq!(request.to_string(), EXAMPLE);
}

#[test]
fn malformed_requests_are_refused() {
    let check = |from: &str, to: &str, error: RequestError| {
        assert!(EXAMPLE.contains(from), "{from}");
        assert_eq!(AddCheckpoint::parse(EXAMPLE.replacen(from, to, 1).as_bytes()), Err(error), "{to}");
    };
    for old in ["old  1", "old 01", "old -1", "old", "size 1", "old 1 ", "old 9223372036854775808"] {
        check("old 20852014", old, RequestError::Old);
    }
    check("PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=", "PlRN", RequestError::Proof);
    check("PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=", " ", RequestError::Proof);
    let many = "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n".repeat(61);
    check("jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n", &many, RequestError::Proof);
    assert_eq!(AddCheckpoint::parse(b"old 1\xff\n"), Err(RequestError::NotText));
    assert_eq!(AddCheckpoint::parse(&vec![b'a'; 70 << 10]), Err(RequestError::TooLong));
    for cut in 0..EXAMPLE.len() {
        // whole lines at the end are signatures, of which one is enough
        let bytes = &EXAMPLE.as_bytes()[..cut];
        assert!(AddCheckpoint::parse(bytes).is_err() || bytes.ends_with(b"=\n"), "{cut}");
    }
}

struct Log(Vec<Hash>);

impl Log {
    fn seen(&self, size: u64) -> Seen {
        Seen { size, root: merkle_tree_hash(&self.0[..usize::try_from(size).unwrap()]) }
    }

    fn request(&self, old: u64, new: u64) -> (AddCheckpoint, Checkpoint) {
        let proof = match (old, new) {
            (0, _) => Vec::new(),
            (old, new) if old > new => Vec::new(),
            _ => consistency_proof(&WholeTree::new(&self.0), old, new).unwrap(),
        };
        let checkpoint = Checkpoint::new(ORIGIN, new, self.seen(new).root).unwrap();
        let note = checkpoint.sign(&signer(ORIGIN, 1));
        (AddCheckpoint::new(old, proof, note).unwrap(), checkpoint)
    }
}

#[test]
fn a_witness_follows_one_history_only() {
    let log = Log(leaves(40));
    let mut forked = leaves(40);
    forked[10] = forked[11];
    let forked = Log(forked);
    let judge = |log: &Log, latest: Option<u64>, old: u64, new: u64| {
        let (request, checkpoint) = log.request(old, new);
        let latest = latest.map(|size| self::Log(leaves(40)).seen(size));
        request.judge(latest.as_ref(), &checkpoint)
    };
    assert_eq!(judge(&log, None, 0, 0), Ok(()));
    assert_eq!(judge(&log, None, 0, 17), Ok(()));
    assert_eq!(judge(&log, Some(0), 0, 17), Ok(()));
    assert_eq!(judge(&log, Some(17), 17, 40), Ok(()));
    assert_eq!(judge(&log, Some(17), 17, 17), Ok(()));
    // what the log believes is behind or before what the witness saw
    assert_eq!(judge(&log, None, 17, 40), Err(Refusal::Conflict { size: 0 }));
    assert_eq!(judge(&log, Some(17), 0, 40), Err(Refusal::Conflict { size: 17 }));
    assert_eq!(judge(&log, Some(17), 20, 40), Err(Refusal::Conflict { size: 17 }));
    // rolled back
    assert_eq!(judge(&log, Some(17), 17, 16), Err(Refusal::OldAboveNew));
    assert_eq!(judge(&log, Some(17), 10, 16), Err(Refusal::Conflict { size: 17 }));
    // another history: at the same size, and beyond
    assert_eq!(judge(&forked, Some(17), 17, 17), Err(Refusal::OtherRoot));
    assert!(matches!(judge(&forked, Some(17), 17, 40), Err(Refusal::Proof(_))));
    // the fork is after what was seen: that is a continuation
    assert_eq!(judge(&forked, Some(10), 10, 40), Ok(()));
    let (request, checkpoint) = log.request(10, 40);
    let needless = AddCheckpoint::new(0, request.proof().to_vec(), request.checkpoint().clone()).unwrap();
    assert_eq!(needless.judge(None, &checkpoint), Err(Refusal::NeedlessProof));
    assert_eq!(
        [Refusal::OldAboveNew, Refusal::Conflict { size: 1 }, Refusal::OtherRoot, Refusal::NeedlessProof]
            .map(|refusal| refusal.status()),
        [400, 409, 422, 422]
    );
}

#[test]
fn a_size_is_told_in_one_spelling() {
    assert_eq!(print_size(20_852_014), "20852014\n");
    assert_eq!(parse_size(b"20852014\n"), Some(20_852_014));
    for other in [&b""[..], b"\n", b"1", b"01\n", b"1\n\n", b"+1\n", b"9223372036854775808\n", b"\xff\n"] {
        assert_eq!(parse_size(other), None, "{other:?}");
    }
}

#[test]
fn subtrees_are_where_the_draft_has_them() {
    for (start, end) in [(0, 1), (0, 13), (4, 8), (8, 13), (5, 6), (256, 300), (256, 512)] {
        assert!(is_subtree(&(start..end)), "{start}..{end}");
    }
    for (start, end) in [(0, 0), (3, 5), (4, 9), (2, 1), (128, 384)] {
        assert!(!is_subtree(&(start..end)), "{start}..{end}");
    }
}

#[test]
fn a_subtree_proof_is_what_the_older_proofs_are_where_they_meet() {
    let leaves = leaves(77);
    let tree = WholeTree::new(&leaves);
    for n in 1..77 {
        assert_eq!(subtree_proof(&tree, 0..n, 77).unwrap(), consistency_proof(&tree, n, 77).unwrap());
        assert_eq!(subtree_proof(&tree, n..n + 1, 77).unwrap(), inclusion_proof(&tree, n, 77).unwrap());
    }
}

proptest! {
    #[test]
    fn a_subtree_is_proven_and_nothing_else(size in 1_u64..600, level in 0_u32..9, place in 0_u64..64, cut in 0_u64..256) {
        let all = leaves(size);
        let unit = 1_u64 << level;
        let start = (place * unit) % size / unit * unit;
        let end = (start + unit - cut.min(unit / 2).min(unit - 1)).min(size);
        prop_assume!(start < end && is_subtree(&(start..end)));
        let tree = WholeTree::new(&all);
        let root = merkle_tree_hash(&all);
        let part = |from: u64, to: u64| merkle_tree_hash(&all[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()]);
        let proof = subtree_proof(&tree, start..end, size).unwrap();
        prop_assert_eq!(verify_subtree(start..end, size, part(start, end), root, &proof), Ok(()));
        prop_assert!(verify_subtree(start..end, size, Hash::new([1; 32]), root, &proof).is_err());
        prop_assert!(verify_subtree(start..end, size, part(start, end), Hash::new([1; 32]), &proof).is_err());
        for place in 0..proof.len() {
            let mut spoiled = proof.clone();
            spoiled[place] = Hash::new([9; 32]);
            prop_assert!(verify_subtree(start..end, size, part(start, end), root, &spoiled).is_err());
            spoiled.remove(place);
            prop_assert!(verify_subtree(start..end, size, part(start, end), root, &spoiled).is_err());
        }
        let longer = [proof.as_slice(), &[root]].concat();
        prop_assert!(verify_subtree(start..end, size, part(start, end), root, &longer).is_err());
    }
}
