//! Recorded vectors: our own stored forms, other implementations' proofs, and a real log's.

use serde_json::Value;
use strongroom_ledger::{
    Frontier, Hash, Leaf, commitment, field_commitment, leaf_hash, verify_consistency, verify_inclusion,
};

use crate::support::fixture;

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

fn hex_bytes(value: &Value, key: &str) -> Vec<u8> {
    hex::decode(text(value, key)).unwrap()
}

fn hash(value: &Value) -> Hash {
    Hash::from_base64(value.as_str().unwrap()).unwrap()
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

fn base64_bytes(value: &Value) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap()).unwrap()
}

#[test]
fn leaves_of_version_1_are_written_and_read_as_recorded() {
    let recorded = fixture("leaf/v1.json");
    let valid = recorded["valid"].as_array().unwrap();
    assert!(valid.len() >= 6);
    for case in valid {
        let leaf = Leaf {
            time_micros: case["time_micros"].as_i64().unwrap(),
            service: text(case, "service").parse().unwrap(),
            commitment: text(case, "commitment").parse().unwrap(),
        };
        let encoded = hex_bytes(case, "encoded");
        assert_eq!(leaf.encode(), encoded);
        assert_eq!(Leaf::decode(&encoded), Ok(leaf));
        assert_eq!(leaf.hash().to_string(), text(case, "leaf_hash"));
    }
}

#[test]
fn malformed_leaves_are_refused() {
    let recorded = fixture("leaf/v1.json");
    let invalid = recorded["invalid"].as_array().unwrap();
    assert!(invalid.len() >= 10);
    for case in invalid {
        assert!(Leaf::decode(&hex_bytes(case, "encoded")).is_err(), "{}", text(case, "why"));
    }
}

#[test]
fn commitments_of_version_1_are_made_as_recorded() {
    let recorded = fixture("commitment/v1.json");
    for case in recorded["records"].as_array().unwrap() {
        let nonce = hex_bytes(case, "nonce").try_into().unwrap();
        let made = commitment(&nonce, &hex_bytes(case, "record"));
        assert_eq!(made.to_string(), text(case, "commitment"));
    }
    for case in recorded["fields"].as_array().unwrap() {
        let salt = hex_bytes(case, "salt").try_into().unwrap();
        let made = field_commitment(&salt, &hex_bytes(case, "value"));
        assert_eq!(made.to_string(), text(case, "commitment"));
    }
}

#[test]
fn roots_are_those_of_another_implementation() {
    let recorded = fixture("merkle/proofs-v1.json");
    let mut frontier = Frontier::new();
    let roots = hashes(&recorded["roots"]);
    assert_eq!(frontier.root(), roots[0]);
    for (entry, root) in recorded["entries"].as_array().unwrap().iter().zip(&roots[1..]) {
        frontier.push(leaf_hash(&base64_bytes(entry)));
        assert_eq!(frontier.root(), *root);
    }
    assert_eq!(frontier.size(), 8);
}

#[test]
fn inclusion_proofs_are_judged_as_by_another_implementation() {
    let recorded = fixture("merkle/proofs-v1.json");
    let cases = recorded["inclusion"].as_array().unwrap();
    assert!(cases.len() >= 200);
    for case in cases {
        let verdict = verify_inclusion(
            hash(&case["leaf"]),
            case["index"].as_u64().unwrap(),
            case["size"].as_u64().unwrap(),
            hash(&case["root"]),
            &hashes(&case["proof"]),
        );
        assert_eq!(verdict.is_ok(), case["valid"].as_bool().unwrap(), "{case}: {verdict:?}");
    }
}

#[test]
fn consistency_proofs_are_judged_as_by_another_implementation() {
    let recorded = fixture("merkle/proofs-v1.json");
    let cases = recorded["consistency"].as_array().unwrap();
    assert!(cases.len() >= 200);
    for case in cases {
        let (old, new) = (case["old"].as_u64().unwrap(), case["new"].as_u64().unwrap());
        let (old_root, new_root) = (hash(&case["old_root"]), hash(&case["new_root"]));
        let verdict = verify_consistency(old, new, old_root, new_root, &hashes(&case["proof"]));
        assert_eq!(verdict.is_ok(), case["valid"].as_bool().unwrap(), "{case}: {verdict:?}");
    }
}

#[test]
fn proofs_of_a_real_log_of_a_thousand_million_leaves_hold() {
    let recorded = fixture("merkle/argon2020.json");
    let (size, root) = (recorded["size"].as_u64().unwrap(), hash(&recorded["root"]));
    let inclusion = &recorded["inclusion"];
    let leaf = leaf_hash(&base64_bytes(&inclusion["entry"]));
    let index = inclusion["index"].as_u64().unwrap();
    let proof = hashes(&inclusion["proof"]);
    assert_eq!(verify_inclusion(leaf, index, size, root, &proof), Ok(()));
    assert!(verify_inclusion(leaf, index + 1, size, root, &proof).is_err());
    let consistency = &recorded["consistency"];
    let (old, old_root) = (consistency["old_size"].as_u64().unwrap(), hash(&consistency["old_root"]));
    let proof = hashes(&consistency["proof"]);
    assert_eq!(verify_consistency(old, size, old_root, root, &proof), Ok(()));
    assert!(verify_consistency(old, size, root, old_root, &proof).is_err());
}
