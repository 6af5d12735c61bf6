//! Proof files: written, read, verified offline, and refused when anything in them is changed.

use strongroom_ledger::checkpoint::CheckpointError;
use strongroom_ledger::note::NoteError;
use strongroom_ledger::proof::ProofError;
use strongroom_ledger::tlog_proof::{MAX_EXTRA_BYTES, TlogProofError};
use strongroom_ledger::{Checkpoint, Hash, TlogProof, Verifier, inclusion_proof, tree_root};

use crate::support::{WholeTree, leaves, signer};

const ORIGIN: &str = "log.example/1";

fn proof_of(index: u64, size: u64) -> (TlogProof, Hash, [Verifier; 1]) {
    let leaves = leaves(size);
    let tree = WholeTree::new(&leaves);
    let log = signer(ORIGIN, 1);
    let checkpoint = Checkpoint::new(ORIGIN, size, tree_root(&tree, size).unwrap()).unwrap().sign(&log);
    let hashes = inclusion_proof(&tree, index, size).unwrap();
    let proof = TlogProof::new(index, hashes, checkpoint).unwrap();
    (proof, leaves[usize::try_from(index).unwrap()], [log.verifier()])
}

#[test]
fn a_proof_file_proves_its_leaf_and_no_other() {
    for (index, size) in [(0, 1), (0, 2), (4, 7), (299, 300)] {
        let (proof, leaf, keys) = proof_of(index, size);
        let text = proof.to_string();
        let read: TlogProof = text.parse().unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.verify(leaf, ORIGIN, &keys).map(|checkpoint| checkpoint.size()), Ok(size));
        let other = leaves(301)[300];
        assert_eq!(read.verify(other, ORIGIN, &keys), Err(TlogProofError::Proof(ProofError::RootMismatch)));
    }
}

#[test]
fn a_proof_file_has_the_lines_of_the_specification() {
    let (proof, ..) = proof_of(2, 3);
    let checkpoint = proof.checkpoint().to_string();
    let sibling = proof.hashes()[0].to_base64();
    assert_eq!(proof.to_string(), format!("c2sp.org/tlog-proof@v1\nindex 2\n{sibling}\n\n{checkpoint}"));
    let extra = proof.with_extra(b"for the reader".to_vec()).unwrap().to_string();
    assert_eq!(
        extra,
        format!("c2sp.org/tlog-proof@v1\nextra Zm9yIHRoZSByZWFkZXI=\nindex 2\n{sibling}\n\n{checkpoint}")
    );
    let read: TlogProof = extra.parse().unwrap();
    assert_eq!(read.extra(), Some(b"for the reader".as_slice()));
    assert_eq!(read.to_string(), extra);
}

#[test]
fn a_proof_under_another_key_or_origin_does_not_hold() {
    let (proof, leaf, keys) = proof_of(2, 3);
    let other = [signer(ORIGIN, 2).verifier()];
    let unsigned = TlogProofError::Checkpoint(CheckpointError::Note(NoteError::Unsigned));
    assert_eq!(proof.verify(leaf, ORIGIN, &other), Err(unsigned));
    let origin = TlogProofError::Checkpoint(CheckpointError::OtherOrigin(ORIGIN.to_owned()));
    assert_eq!(proof.verify(leaf, "log.example/2", &keys), Err(origin));
}

#[test]
fn a_proof_for_another_index_or_size_does_not_hold() {
    let (proof, leaf, keys) = proof_of(2, 3);
    let text = proof.to_string();
    let check = |from: &str, to: &str| {
        let spoiled: TlogProof = text.replace(from, to).parse().unwrap();
        spoiled.verify(leaf, ORIGIN, &keys).unwrap_err()
    };
    assert!(matches!(check("index 2\n", "index 1\n"), TlogProofError::Proof(ProofError::WrongLength { .. })));
    let beyond = ProofError::IndexOutOfRange { index: 3, size: 3 };
    assert_eq!(check("index 2\n", "index 3\n"), TlogProofError::Proof(beyond));
    let bad = NoteError::BadSignature(ORIGIN.to_owned());
    assert_eq!(check("\n3\n", "\n4\n"), TlogProofError::Checkpoint(CheckpointError::Note(bad)));
}

#[test]
fn any_changed_bit_of_a_proof_file_is_found() {
    let (proof, leaf, keys) = proof_of(4, 7);
    let text = proof.to_string();
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let holds =
                text.parse::<TlogProof>().is_ok_and(|proof| proof.verify(leaf, ORIGIN, &keys).is_ok());
            assert!(!holds, "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn malformed_proof_files_are_refused_with_their_reason() {
    let (proof, ..) = proof_of(2, 3);
    let text = proof.to_string();
    let check = |from: &str, to: &str, reason: &TlogProofError| {
        let spoiled = text.replacen(from, to, 1);
        assert_ne!(spoiled, text);
        assert_eq!(spoiled.parse::<TlogProof>().as_ref(), Err(reason), "{spoiled}");
    };
    check("@v1", "@v2", &TlogProofError::Header);
    check("c2sp", " c2sp", &TlogProofError::Header);
    check("@v1\n", "@v1\r\n", &TlogProofError::Header);
    check("index 2", "index 02", &TlogProofError::Index);
    check("index 2", "index -2", &TlogProofError::Index);
    check("index 2", "index 9223372036854775807", &TlogProofError::Index);
    check("index 2\n", "", &TlogProofError::Index);
    check("index 2", "index 2\nextra AA==", &TlogProofError::Hash);
    check("index 2", "extra A\nindex 2", &TlogProofError::Extra);
    check("index 2", "extra AA==\nextra AA==\nindex 2", &TlogProofError::Index);
    check("=\n\n", "\n\n", &TlogProofError::Hash);
    check("=\n\n", "=\n", &TlogProofError::Hash);
    let shape = TlogProofError::Checkpoint(CheckpointError::Note(NoteError::Shape));
    check("\n\n\u{2014}", "\n\u{2014}", &shape);
    let line = format!("{}\n", proof.hashes()[0].to_base64());
    check(&line, &line.repeat(64), &TlogProofError::Hash);
    let long = proof.clone().with_extra(vec![0; MAX_EXTRA_BYTES + 1]);
    assert_eq!(long, Err(TlogProofError::Extra));
    assert_eq!("".parse::<TlogProof>(), Err(TlogProofError::Header));
    assert_eq!("c2sp.org/tlog-proof@v1\nindex 0\n".parse::<TlogProof>(), Err(TlogProofError::Shape));
    assert_eq!("x".repeat(1 << 20).parse::<TlogProof>(), Err(TlogProofError::Header));
}

#[test]
fn a_proof_beyond_the_largest_tree_cannot_be_made() {
    let (proof, leaf, _) = proof_of(0, 1);
    let checkpoint = proof.checkpoint();
    assert_eq!(TlogProof::new(1 << 63, vec![], checkpoint.clone()), Err(TlogProofError::Index));
    assert_eq!(TlogProof::new(0, vec![leaf; 64], checkpoint.clone()), Err(TlogProofError::Hash));
}
