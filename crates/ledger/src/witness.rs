//! What a log asks of a witness and what it answers (`c2sp.org/tlog-witness`), and the rules between the two.
//!
//! Pure: which logs are known, where the latest checkpoint is kept and how bytes travel is not here. Signatures
//! of witnesses are in [`crate::note`].

use std::fmt;

use crate::checkpoint::Checkpoint;
use crate::hash::{Hash, empty_root};
use crate::note::{Note, NoteError};
use crate::proof::{ProofError, verify_consistency};
use crate::text;

/// Most hashes of a consistency proof: one per level of the largest tree.
pub const MAX_PROOF_HASHES: usize = 63;
/// Longest request read, in bytes: a whole proof, and a checkpoint with many signatures.
pub const MAX_REQUEST_BYTES: usize = 64 * 1024;
/// Media type of the answer that tells the latest size.
pub const SIZE_MEDIA_TYPE: &str = "text/x.tlog.size";

/// Why bytes are no `add-checkpoint` request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Longer than [`MAX_REQUEST_BYTES`].
    #[error("the request is longer than {MAX_REQUEST_BYTES} bytes")]
    TooLong,
    /// Not UTF-8.
    #[error("the request is not UTF-8 text")]
    NotText,
    /// The first line is not `old` and a decimal without leading zeros below 2⁶³.
    #[error("the first line is not \"old\", a space and a tree size")]
    Old,
    /// A line of the proof is no hash in base64, or there are more than [`MAX_PROOF_HASHES`].
    #[error(
        "the consistency proof is not at most {MAX_PROOF_HASHES} lines of base64, ended by an empty line"
    )]
    Proof,
    /// What follows the proof is no signed note.
    #[error("the checkpoint is no signed note")]
    Checkpoint(#[from] NoteError),
}

/// A request to cosign a checkpoint. Nothing in it is to be believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    old: u64,
    proof: Vec<Hash>,
    checkpoint: Note,
}

impl AddCheckpoint {
    /// Puts a request together: `proof` leads from the tree of `old` leaves to that of the checkpoint.
    ///
    /// # Errors
    /// [`RequestError::Old`] or [`RequestError::Proof`] beyond the largest tree.
    pub fn new(old: u64, proof: Vec<Hash>, checkpoint: Note) -> Result<Self, RequestError> {
        if old > crate::MAX_SIZE {
            return Err(RequestError::Old);
        }
        if proof.len() > MAX_PROOF_HASHES {
            return Err(RequestError::Proof);
        }
        Ok(Self { old, proof, checkpoint })
    }

    /// Reads a request.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| RequestError::NotText)?;
        let (first, mut rest) = text.split_once('\n').ok_or(RequestError::Old)?;
        let old = first.strip_prefix("old ").and_then(text::parse_decimal).ok_or(RequestError::Old)?;
        let mut proof = Vec::new();
        loop {
            let (line, after) = rest.split_once('\n').ok_or(RequestError::Proof)?;
            rest = after;
            if line.is_empty() {
                break;
            }
            if proof.len() == MAX_PROOF_HASHES {
                return Err(RequestError::Proof);
            }
            proof.push(Hash::from_base64(line).map_err(|_| RequestError::Proof)?);
        }
        Self::new(old, proof, Note::parse(rest.as_bytes())?)
    }

    /// Size of the tree that the witness is said to have cosigned last.
    pub const fn old(&self) -> u64 {
        self.old
    }

    /// The consistency proof (RFC 6962 §2.1.2).
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The signed checkpoint.
    pub const fn checkpoint(&self) -> &Note {
        &self.checkpoint
    }

    /// The log it says it is of: the first line of the checkpoint, whatever else is in it.
    pub fn origin(&self) -> &str {
        self.checkpoint.text().split('\n').next().unwrap_or_default()
    }

    /// Whether a witness that cosigned `latest` may cosign `next`, the checkpoint of this request read and
    /// verified.
    ///
    /// # Errors
    /// [`Refusal`], with the status of the answer in [`Refusal::status`].
    pub fn judge(&self, latest: Option<&Seen>, next: &Checkpoint) -> Result<(), Refusal> {
        let never = Seen { size: 0, root: empty_root() };
        let latest = latest.unwrap_or(&never);
        if self.old > next.size() {
            return Err(Refusal::OldAboveNew);
        }
        if self.old != latest.size {
            return Err(Refusal::Conflict { size: latest.size });
        }
        if self.old == next.size() && latest.root != next.root() {
            return Err(Refusal::OtherRoot);
        }
        if self.old == 0 {
            // the empty tree is consistent with any tree, so there is nothing to prove
            return if self.proof.is_empty() { Ok(()) } else { Err(Refusal::NeedlessProof) };
        }
        verify_consistency(self.old, next.size(), latest.root, next.root(), &self.proof)?;
        Ok(())
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// The tree a witness cosigned last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Leaves.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

impl From<&Checkpoint> for Seen {
    fn from(checkpoint: &Checkpoint) -> Self {
        Self { size: checkpoint.size(), root: checkpoint.root() }
    }
}

/// Why a witness does not cosign a checkpoint that its log has signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The old size is above the size of the checkpoint.
    #[error("the old size is above the size of the checkpoint")]
    OldAboveNew,
    /// The old size is not that of the checkpoint cosigned last.
    #[error("the latest cosigned checkpoint has {size} leaves")]
    Conflict {
        /// Leaves of the checkpoint cosigned last.
        size: u64,
    },
    /// A checkpoint of the same size was cosigned with another root: the log shows two histories.
    #[error("a checkpoint of this size was cosigned with another root")]
    OtherRoot,
    /// A proof from the empty tree, which has none.
    #[error("a consistency proof from size 0 must be empty")]
    NeedlessProof,
    /// The proof does not lead from the latest root to the new one.
    #[error("the checkpoint does not continue the latest cosigned one: {0}")]
    Proof(#[from] ProofError),
}

impl Refusal {
    /// The HTTP status that says so.
    pub const fn status(&self) -> u16 {
        match self {
            Self::OldAboveNew => 400,
            Self::Conflict { .. } => 409,
            Self::OtherRoot | Self::NeedlessProof | Self::Proof(_) => 422,
        }
    }
}

/// Writes the body of an answer 409: a size and a newline.
pub fn print_size(size: u64) -> String {
    format!("{size}\n")
}

/// Reads the body of an answer 409.
///
/// Returns `None` for anything but a decimal without leading zeros below 2⁶³ and a newline.
pub fn parse_size(body: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(body).ok()?.strip_suffix('\n')?;
    text::parse_decimal(line).filter(|&size| size <= crate::MAX_SIZE)
}
