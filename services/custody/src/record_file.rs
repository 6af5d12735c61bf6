//! A record as auditors are shown it, and as a file: with its leaf and what ties the two together.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use strongroom_kernel::ports::StoredRecord;
use strongroom_ledger::{Leaf, commitment};

/// A record with its leaf and the nonce that ties the two together (`docs/reference/records-and-proofs.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordFile {
    /// Index of the leaf.
    pub index: u64,
    /// The leaf, base64.
    pub leaf: String,
    /// The 32 bytes that were hashed before the record, base64.
    pub nonce: String,
    /// The canonical record (RFC 8785), as text.
    pub record: String,
    /// Salts and values of personal fields, as text; empty when there are none.
    #[serde(default)]
    pub openings: String,
}

/// Why a record file cannot be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordFileError {
    /// The record or its openings are not UTF-8.
    #[error("the record is not text")]
    Text,
    /// The leaf is not base64 of a leaf.
    #[error("the leaf is malformed")]
    Leaf,
    /// The nonce is not base64 of 32 bytes.
    #[error("the nonce is not 32 bytes in base64")]
    Nonce,
    /// Nonce, record and leaf do not fit.
    #[error("the leaf does not commit to this record")]
    Commitment,
}

impl RecordFile {
    /// The file of a stored record.
    ///
    /// # Errors
    /// [`RecordFileError::Text`].
    pub fn of(stored: &StoredRecord) -> Result<Self, RecordFileError> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| RecordFileError::Text);
        Ok(Self {
            index: stored.index,
            leaf: BASE64_STANDARD.encode(&stored.leaf),
            nonce: BASE64_STANDARD.encode(stored.nonce),
            record: text(&stored.canonical)?,
            openings: text(&stored.openings)?,
        })
    }

    /// The record as it was stored; its sequence is not known here and is its index.
    ///
    /// # Errors
    /// [`RecordFileError::Leaf`], [`RecordFileError::Nonce`].
    pub fn stored(&self) -> Result<StoredRecord, RecordFileError> {
        let leaf = BASE64_STANDARD.decode(&self.leaf).map_err(|_| RecordFileError::Leaf)?;
        let nonce = BASE64_STANDARD.decode(&self.nonce).ok().and_then(|nonce| nonce.try_into().ok());
        Ok(StoredRecord {
            index: self.index,
            sequence: self.index,
            leaf,
            nonce: nonce.ok_or(RecordFileError::Nonce)?,
            canonical: self.record.clone().into_bytes(),
            openings: self.openings.clone().into_bytes(),
        })
    }

    /// The leaf, after its commitment was found to be that of this record.
    ///
    /// # Errors
    /// When a part is malformed, or the leaf commits to something else.
    pub fn committed_leaf(&self) -> Result<Leaf, RecordFileError> {
        let stored = self.stored()?;
        let leaf = Leaf::decode(&stored.leaf).map_err(|_| RecordFileError::Leaf)?;
        if commitment(&stored.nonce, &stored.canonical) != leaf.commitment {
            return Err(RecordFileError::Commitment);
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
        RecordFile::of(&StoredRecord {
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
        assert_eq!(file("{\"v\":2}").committed_leaf(), Err(RecordFileError::Commitment));
        let other_nonce = RecordFile { nonce: BASE64_STANDARD.encode([8; 32]), ..file("{\"v\":1}") };
        assert_eq!(other_nonce.committed_leaf(), Err(RecordFileError::Commitment));
    }
}
