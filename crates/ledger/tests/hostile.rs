//! Bytes from strangers: no parser panics, and whatever is read is written back unchanged.

use proptest::prelude::*;
use strongroom_ledger::tile::{decode_bundle, decode_hashes, encode_bundle};
use strongroom_ledger::{
    Checkpoint, Cosigner, Hash, Leaf, Note, ServiceName, Signer, Tile, TlogProof, Verifier, leaf_hash,
    verify_consistency, verify_inclusion,
};

use crate::support::signer;

/// Text that gets past the first checks of the parsers now and then.
fn likely_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("c2sp.org/tlog-proof@v1\n".to_owned()),
        Just("log.example\n".to_owned()),
        Just(format!("{}\n", leaf_hash(b"").to_base64())),
        Just("index 1\n".to_owned()),
        Just("extra AAAA\n".to_owned()),
        Just("\u{2014} log.example ".to_owned()),
        Just("AAAAAAAA\n".to_owned()),
        Just("PRIVATE+KEY+".to_owned()),
        Just("tile/".to_owned()),
        Just("x001/".to_owned()),
        Just(".p/1".to_owned()),
        "[0-9]{1,4}\n?",
        "\n{1,2}",
        "\\PC{0,8}",
    ];
    proptest::collection::vec(word, 0..12).prop_map(|words| words.concat())
}

fn read_all(text: &str) -> Result<(), TestCaseError> {
    if let Ok(note) = Note::parse(text.as_bytes()) {
        prop_assert_eq!(note.to_string(), text);
        let _ = note.verify(&[signer("log.example", 1).verifier()]);
    }
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        prop_assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(proof) = text.parse::<TlogProof>() {
        prop_assert_eq!(proof.to_string(), text);
    }
    if let Ok(tile) = text.parse::<Tile>() {
        prop_assert_eq!(tile.to_string(), text);
    }
    if let Ok(hash) = text.parse::<Hash>() {
        prop_assert_eq!(hash.to_string(), text);
    }
    if let Ok(key) = text.parse::<Verifier>() {
        prop_assert_eq!(key.to_string(), text);
    }
    let _ = (text.parse::<ServiceName>(), Hash::from_base64(text));
    let _ = (Signer::from_private_text(text), Cosigner::from_private_text(text));
    Ok(())
}

proptest! {
    #[test]
    fn texts_are_read_back_or_refused(text in likely_text()) {
        read_all(&text)?;
    }

    #[test]
    fn random_texts_are_read_back_or_refused(text in "\\PC{0,200}") {
        read_all(&text)?;
    }

    #[test]
    fn random_bytes_are_read_back_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400), width: u16) {
        if let Ok(leaf) = Leaf::decode(&bytes) {
            prop_assert_eq!(leaf.encode(), bytes.clone());
        }
        if let Ok(entries) = decode_bundle(&bytes, width) {
            prop_assert_eq!(encode_bundle(entries).unwrap(), bytes.clone());
        }
        prop_assert_eq!(decode_hashes(&bytes).len(), bytes.len() / 32);
        prop_assert!(Note::parse(&bytes).is_err());
    }

    #[test]
    fn leaves_read_back(time_micros: i64, service in "[a-z0-9-]{1,32}", commitment: [u8; 32]) {
        let leaf = Leaf { time_micros, service: service.parse().unwrap(), commitment: commitment.into() };
        prop_assert!(leaf.encode().len() <= 256);
        prop_assert_eq!(leaf.service.as_str(), service);
        prop_assert_eq!(Leaf::decode(&leaf.encode()), Ok(leaf));
    }

    #[test]
    fn proofs_of_any_sizes_are_judged(a: u64, b: u64, hashes in proptest::collection::vec(any::<[u8; 32]>(), 0..70)) {
        let hashes: Vec<Hash> = hashes.into_iter().map(Hash::new).collect();
        let root = leaf_hash(b"root");
        prop_assert!(verify_inclusion(root, a, b, root, &hashes).is_err() || (a, b) == (0, 1));
        let other = leaf_hash(b"other");
        prop_assert!(verify_consistency(a, b, root, other, &hashes).is_err());
    }
}
