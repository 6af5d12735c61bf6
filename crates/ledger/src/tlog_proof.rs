//! Proofs as files: that an entry is in a log, checkable offline with one public key (`c2sp.org/tlog-proof`).
//!
//! The file has index, inclusion proof and signed checkpoint, not the entry: whoever checks brings the entry
//! or its leaf hash.

use std::fmt;
use std::str::FromStr;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::note::{MAX_NOTE_BYTES, Note, Verifier};
use crate::proof::{ProofError, verify_inclusion};
use crate::text;

/// First line of every proof.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Most hashes a proof can have: one per level of the largest tree.
const MAX_HASHES: usize = 63;
/// Most extra data read or written, in bytes. Go's reader takes lines of up to 64 KiB.
pub const MAX_EXTRA_BYTES: usize = 32 * 1024;
/// Longest proof read, in bytes.
pub const MAX_PROOF_BYTES: usize = MAX_NOTE_BYTES + 64 * 1024;

/// Why a text is no proof, or the proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Longer than [`MAX_PROOF_BYTES`], not UTF-8, or another first line.
    #[error("the text is not a c2sp.org/tlog-proof@v1")]
    Header,
    /// The extra line is no base64, or above [`MAX_EXTRA_BYTES`].
    #[error("the extra line is not at most {MAX_EXTRA_BYTES} bytes in base64")]
    Extra,
    /// No index line, or its number has leading zeros or is not below 2⁶³.
    #[error("the index line is not a decimal without leading zeros below 2^63")]
    Index,
    /// A line of the inclusion proof is no hash, or there are more than 63.
    #[error("the inclusion proof is not at most 63 hashes in base64")]
    Hash,
    /// No empty line and signed checkpoint after the hashes.
    #[error("the proof has no signed checkpoint")]
    Shape,
    /// The checkpoint cannot be believed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not in the tree of the checkpoint at this index.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// A proof file, read or about to be written. Nothing in it is to be believed before [`TlogProof::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    extra: Option<Vec<u8>>,
    index: u64,
    hashes: Vec<Hash>,
    checkpoint: Note,
}

impl TlogProof {
    /// Puts a proof together: `hashes` from [`crate::inclusion_proof`] for the size of the signed checkpoint.
    ///
    /// # Errors
    /// [`TlogProofError::Index`] or [`TlogProofError::Hash`] beyond the largest tree. Whether the proof holds
    /// is not checked.
    pub fn new(index: u64, hashes: Vec<Hash>, checkpoint: Note) -> Result<Self, TlogProofError> {
        if index >= crate::MAX_SIZE {
            return Err(TlogProofError::Index);
        }
        if hashes.len() > MAX_HASHES {
            return Err(TlogProofError::Hash);
        }
        Ok(Self { extra: None, index, hashes, checkpoint })
    }

    /// Adds data for the reader, which nothing authenticates.
    ///
    /// # Errors
    /// [`TlogProofError::Extra`] above [`MAX_EXTRA_BYTES`].
    pub fn with_extra(mut self, extra: Vec<u8>) -> Result<Self, TlogProofError> {
        if extra.len() > MAX_EXTRA_BYTES {
            return Err(TlogProofError::Extra);
        }
        self.extra = Some(extra);
        Ok(self)
    }

    /// The extra data, which nothing authenticates.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// Index of the leaf.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The inclusion proof, from the leaf's sibling to the root's child.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The signed checkpoint.
    pub const fn checkpoint(&self) -> &Note {
        &self.checkpoint
    }

    /// Checks that the leaf is in the log called `origin`, on the word of one of these keys, and returns the
    /// checkpoint that says so.
    ///
    /// # Errors
    /// [`TlogProofError::Checkpoint`] when the checkpoint cannot be believed, [`TlogProofError::Proof`] when
    /// the leaf is not in its tree at the index of the proof.
    pub fn verify(
        &self,
        leaf: Hash,
        origin: &str,
        verifiers: &[Verifier],
    ) -> Result<Checkpoint, TlogProofError> {
        let signed = self.checkpoint.to_string();
        let (checkpoint, _) = Checkpoint::open(signed.as_bytes(), origin, verifiers)?;
        verify_inclusion(leaf, self.index, checkpoint.size(), checkpoint.root(), &self.hashes)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", text::encode_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for TlogProof {
    type Err = TlogProofError;

    fn from_str(proof: &str) -> Result<Self, Self::Err> {
        if proof.len() > MAX_PROOF_BYTES {
            return Err(TlogProofError::Header);
        }
        let (header, rest) = proof.split_once('\n').ok_or(TlogProofError::Header)?;
        if header != HEADER {
            return Err(TlogProofError::Header);
        }
        let (extra, rest) = split_extra(rest)?;
        let (index, rest) = split_index(rest)?;
        let (hashes, checkpoint) = split_hashes(rest)?;
        let checkpoint = Note::parse(checkpoint.as_bytes()).map_err(CheckpointError::Note)?;
        let read = Self::new(index, hashes, checkpoint)?;
        match extra {
            Some(extra) => read.with_extra(extra),
            None => Ok(read),
        }
    }
}

fn split_extra(text: &str) -> Result<(Option<Vec<u8>>, &str), TlogProofError> {
    let Some(rest) = text.strip_prefix("extra ") else { return Ok((None, text)) };
    let (extra, rest) = rest.split_once('\n').ok_or(TlogProofError::Extra)?;
    let extra = text::decode_base64(extra).ok_or(TlogProofError::Extra)?;
    Ok((Some(extra), rest))
}

fn split_index(text: &str) -> Result<(u64, &str), TlogProofError> {
    let rest = text.strip_prefix("index ").ok_or(TlogProofError::Index)?;
    let (index, rest) = rest.split_once('\n').ok_or(TlogProofError::Index)?;
    Ok((text::parse_decimal(index).ok_or(TlogProofError::Index)?, rest))
}

/// The hashes up to the empty line, and what follows it.
fn split_hashes(text: &str) -> Result<(Vec<Hash>, &str), TlogProofError> {
    let mut hashes = Vec::new();
    let mut rest = text;
    loop {
        let (line, after) = rest.split_once('\n').ok_or(TlogProofError::Shape)?;
        rest = after;
        if line.is_empty() {
            return Ok((hashes, rest));
        }
        if hashes.len() == MAX_HASHES {
            return Err(TlogProofError::Hash);
        }
        hashes.push(Hash::from_base64(line).map_err(|_| TlogProofError::Hash)?);
    }
}
