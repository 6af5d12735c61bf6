//! What a shared ledger gives for leaves that it took: a record of its own, its leaf and the proof of that.
//!
//! Leaves are handed over in order, at most [`MAX_TOGETHER`] at once and never across a multiple of that. One record
//! of the shared ledger names the ledger they are from, their indexes and the root over them (RFC 6962 §2.1); so one
//! leaf there stands for all of them, and whoever has a leaf proves it with the hashes between it and that root.
//! `docs/reference/records-and-proofs.md` says the same for readers in other languages.

use serde_json::{Value as Json, json};
use strongroom_ledger::{Hash, Leaf, TileState, TlogProof, Verifier, commitment, verify_inclusion};

use crate::{ports::StoredRecord, unit::Action};

/// Most leaves of one handing over, and where it must end.
pub const MAX_TOGETHER: u64 = 256;
/// As what the shared ledger records that it took leaves.
pub const TAKE_LEAVES: Action = Action { service: "custody", name: "take_leaves" };
/// Longest receipt that is read, in bytes.
pub const MAX_RECEIPT_BYTES: usize = 128 << 10;

/// Nouns of the subjects of such a record.
pub const NOUNS: [&str; 3] = ["ledger", "leaves", "root"];

/// Why a receipt cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the receipt cannot be believed: {0}")]
pub struct ReceiptError(String);

fn wrong(what: impl Into<String>) -> ReceiptError {
    ReceiptError(what.into())
}

/// A receipt that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedReceipt {
    /// Origin of the ledger whose leaves they are.
    pub ledger: String,
    /// Index of the first of them there.
    pub first: u64,
    /// How many.
    pub leaves: u64,
    /// Root over their leaf hashes.
    pub root: Hash,
    /// Index of the one leaf in the shared ledger.
    pub index: u64,
}

impl SharedReceipt {
    /// The indexes and the number of leaves as the record has them.
    pub fn range(first: u64, leaves: u64) -> String {
        format!("{first}+{leaves}")
    }

    /// Reads a receipt and verifies all of it with the key of the shared ledger.
    ///
    /// # Errors
    /// When a part is malformed, or does not fit another.
    pub fn verify(text: &[u8], key: &Verifier) -> Result<Self, ReceiptError> {
        if text.len() > MAX_RECEIPT_BYTES {
            return Err(wrong("it is too long"));
        }
        let json: Json = serde_json::from_slice(text).map_err(|_| wrong("it is not JSON"))?;
        let member = |name: &str| {
            json.get(name).and_then(Json::as_str).ok_or_else(|| wrong(format!("it has no text {name}")))
        };
        let bytes =
            |name: &str| hex::decode(member(name)?).map_err(|_| wrong(format!("{name} is not hexadecimal")));
        let nonce: [u8; 32] =
            bytes("nonce")?.try_into().map_err(|_| wrong("the nonce does not have 32 bytes"))?;
        let leaf = Leaf::decode(&bytes("leaf")?).map_err(|error| wrong(error.to_string()))?;
        let record = member("record")?;
        if commitment(&nonce, record.as_bytes()) != leaf.commitment {
            return Err(wrong("the leaf does not commit to the record"));
        }
        if leaf.service.as_str() != TAKE_LEAVES.service {
            return Err(wrong("the leaf is of another service"));
        }
        let proof: TlogProof = member("proof")?.parse().map_err(|error| wrong(format!("{error}")))?;
        proof
            .verify(leaf.hash(), key.name().as_str(), std::slice::from_ref(key))
            .map_err(|error| wrong(error.to_string()))?;
        Self::told(record, proof.index())
    }

    /// What the record says.
    fn told(record: &str, index: u64) -> Result<Self, ReceiptError> {
        let json: Json = serde_json::from_str(record).map_err(|_| wrong("the record is not JSON"))?;
        let is = |name: &str, wanted: &str| json.get(name).and_then(Json::as_str) == Some(wanted);
        if !is("action", TAKE_LEAVES.name) || !is("service", TAKE_LEAVES.service) {
            return Err(wrong("the record is about something else"));
        }
        if json.get("refused").is_some() {
            return Err(wrong("the record says that the leaves were refused"));
        }
        let subjects = json.get("subjects").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let subject = |noun: &str| {
            let of = |subject: &&Json| subject.get("noun").and_then(Json::as_str) == Some(noun);
            let id = subjects.iter().find(of).and_then(|subject| subject.get("id")?.as_str());
            id.ok_or_else(|| wrong(format!("the record names no {noun}")))
        };
        let [ledger, range, root] = NOUNS;
        let numbers = subject(range)?.split_once('+');
        let numbers = numbers.and_then(|(first, count)| Some((first.parse().ok()?, count.parse().ok()?)));
        let (first, leaves): (u64, u64) = numbers.ok_or_else(|| wrong("the record names no leaves"))?;
        if !(1..=MAX_TOGETHER).contains(&leaves) || first.checked_add(leaves).is_none() {
            return Err(wrong("the record is about no or too many leaves"));
        }
        let root = subject(root)?.parse().map_err(|_| wrong("the root is no hash"))?;
        Ok(Self { ledger: subject(ledger)?.to_owned(), first, leaves, root, index })
    }

    /// The receipt of a record that took leaves, as text.
    ///
    /// # Errors
    /// When the record is not text.
    pub fn print(record: &StoredRecord, proof: &TlogProof) -> Result<String, ReceiptError> {
        let text = std::str::from_utf8(&record.canonical).map_err(|_| wrong("the record is not text"))?;
        let receipt = json!({
            "leaf": hex::encode(&record.leaf),
            "nonce": hex::encode(record.nonce),
            "record": text,
            "proof": proof.to_string(),
        });
        Ok(receipt.to_string())
    }

    /// Verifies that the leaf with this hash and index is one of those that were taken; `path` from [`path`].
    ///
    /// # Errors
    /// When it is not.
    pub fn verify_leaf(&self, leaf: Hash, index: u64, path: &[Hash]) -> Result<(), ReceiptError> {
        let place = index.checked_sub(self.first).ok_or_else(|| wrong("it is about later leaves"))?;
        verify_inclusion(leaf, place, self.leaves, self.root, path).map_err(|error| wrong(error.to_string()))
    }
}

/// The root over leaf hashes.
pub fn root(leaves: &[Hash]) -> Hash {
    TileState::from_leaf_hashes(leaves.iter().copied()).root()
}

/// The hashes between the leaf at `place` and the root over `leaves` (RFC 6962 §2.1.1); none for a place beyond them.
pub fn path(place: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 || place >= leaves.len() {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut hashes, other) = match place.checked_sub(left.len()) {
        None => (path(place, left), right),
        Some(place) => (path(place, right), left),
    };
    hashes.push(root(other));
    hashes
}

#[cfg(test)]
mod tests {
    use strongroom_ledger::{Checkpoint, Signer, leaf_hash};

    use super::*;

    fn hashes(count: u8) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&[n])).collect()
    }

    fn signer() -> Signer {
        Signer::from_seed("shared.example/a".parse().unwrap(), &[4; 32])
    }

    /// The receipt of a shared ledger whose only leaf commits to `record`.
    fn receipt(record: &str, signer: &Signer) -> String {
        let leaf = Leaf {
            time_micros: 5,
            service: "custody".parse().unwrap(),
            commitment: commitment(&[7; 32], record.as_bytes()),
        };
        let checkpoint = Checkpoint::new("shared.example/a", 1, leaf.hash()).unwrap();
        let proof = TlogProof::new(0, Vec::new(), checkpoint.sign(signer)).unwrap();
        let stored = StoredRecord {
            index: 0,
            sequence: 0,
            leaf: leaf.encode(),
            nonce: [7; 32],
            canonical: record.as_bytes().to_vec(),
            openings: Vec::new(),
        };
        SharedReceipt::print(&stored, &proof).unwrap()
    }

    fn record(more: &str) -> String {
        let root = root(&hashes(7));
        format!(
            "{{\"action\":\"take_leaves\",{more}\"service\":\"custody\",\"subjects\":[{{\"id\":\"own.example\",\
             \"noun\":\"ledger\"}},{{\"id\":\"512+7\",\"noun\":\"leaves\"}},{{\"id\":\"{root}\",\"noun\":\"root\"}}]}}"
        )
    }

    #[test]
    fn every_leaf_of_a_handing_over_is_proven_and_no_other() {
        for count in 1..40 {
            let leaves = hashes(count);
            let receipt = SharedReceipt {
                ledger: "a".to_owned(),
                first: 512,
                leaves: leaves.len() as u64,
                root: root(&leaves),
                index: 0,
            };
            for (place, leaf) in leaves.iter().enumerate() {
                let way = path(place, &leaves);
                receipt.verify_leaf(*leaf, 512 + place as u64, &way).unwrap();
                receipt.verify_leaf(*leaf, 511 + place as u64, &way).unwrap_err();
                receipt.verify_leaf(leaf_hash(b"other"), 512 + place as u64, &way).unwrap_err();
            }
        }
    }

    #[test]
    fn a_receipt_holds_only_whole() {
        let (key, good) = (signer().verifier(), receipt(&record(""), &signer()));
        let read = SharedReceipt::verify(good.as_bytes(), &key).unwrap();
        assert_eq!((read.ledger.as_str(), read.first, read.leaves), ("own.example", 512, 7));
        assert_eq!(read.root, root(&hashes(7)));
        let other = Signer::from_seed("shared.example/a".parse().unwrap(), &[5; 32]);
        for wrong in [
            receipt(&record(""), &other),
            receipt(&record("\"refused\":\"other_leaves\","), &signer()),
            receipt(&record("").replace("take_leaves", "read_life"), &signer()),
            receipt(&record("").replace("512+7", "512+257"), &signer()),
            receipt(&record("").replace("512+7", "512"), &signer()),
            good.replace("512+7", "256+7"),
            good.replace("0707", "0808"),
            "{}".to_owned(),
            "nothing".to_owned(),
        ] {
            SharedReceipt::verify(wrong.as_bytes(), &key).unwrap_err();
        }
    }
}
