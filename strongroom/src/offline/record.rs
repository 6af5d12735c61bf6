//! A record as a file: what an auditor is shown, and what `check-proof` can hold against a leaf.

use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use strongroom_kernel::ports::StoredRecord;
use strongroom_ledger::{Leaf, commitment};

/// A record with its leaf and the nonce that ties the two together (`docs/reference/records-and-proofs.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordFile {
    /// Index of the leaf.
    pub(crate) index: u64,
    /// The leaf, base64.
    pub(crate) leaf: String,
    /// The 32 bytes that were hashed before the record, base64.
    pub(crate) nonce: String,
    /// The canonical record (RFC 8785), as text.
    pub(crate) record: String,
    /// Salts and values of personal fields, as text; empty when there are none.
    #[serde(default)]
    pub(crate) openings: String,
}

impl RecordFile {
    /// The file of a stored record.
    ///
    /// # Errors
    /// When the record is not text.
    pub(crate) fn of(stored: StoredRecord) -> Result<Self> {
        Ok(Self {
            index: stored.index,
            leaf: BASE64_STANDARD.encode(&stored.leaf),
            nonce: BASE64_STANDARD.encode(stored.nonce),
            record: String::from_utf8(stored.canonical).context("read the record as text")?,
            openings: String::from_utf8(stored.openings).context("read the openings as text")?,
        })
    }

    /// The leaf, after its commitment was found to be that of this record.
    ///
    /// # Errors
    /// When a part is malformed, or the leaf commits to something else.
    pub(crate) fn committed_leaf(&self) -> Result<Leaf> {
        let leaf = BASE64_STANDARD.decode(&self.leaf).context("decode the leaf")?;
        let leaf = Leaf::decode(&leaf).context("read the leaf")?;
        let nonce = BASE64_STANDARD.decode(&self.nonce).context("decode the nonce")?;
        let nonce: [u8; 32] = nonce.try_into().ok().context("the nonce is not 32 bytes")?;
        if commitment(&nonce, self.record.as_bytes()) != leaf.commitment {
            bail!("the leaf does not commit to this record");
        }
        Ok(leaf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(record: &str) -> RecordFile {
        let leaf = Leaf {
            time_micros: 5,
            service: "bytes".parse().unwrap(),
            commitment: commitment(&[7; 32], b"{\"v\":1}"),
        };
        RecordFile::of(StoredRecord {
            index: 3,
            sequence: 3,
            leaf: leaf.encode(),
            nonce: [7; 32],
            canonical: record.as_bytes().to_vec(),
            openings: Vec::new(),
        })
        .unwrap()
    }

    #[test]
    fn a_leaf_is_given_out_only_with_the_record_it_commits_to() {
        assert_eq!(file("{\"v\":1}").committed_leaf().unwrap().time_micros, 5);
        file("{\"v\":2}").committed_leaf().unwrap_err();
        let other_nonce = RecordFile { nonce: BASE64_STANDARD.encode([8; 32]), ..file("{\"v\":1}") };
        other_nonce.committed_leaf().unwrap_err();
    }
}
