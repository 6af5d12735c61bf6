//! Checkpoints: what a log commits to when it signs (`c2sp.org/tlog-checkpoint`).
//!
//! A checkpoint is the text of a [`Note`]. When one may be signed, and where the newest is kept, is decided by
//! the kernel; cosigning is in [`crate::note`].

use std::fmt;
use std::str::FromStr;

use crate::hash::{Hash, empty_root};
use crate::note::{Note, NoteError, Signer, Verifier};
use crate::text;

/// Longest origin, in bytes.
pub const MAX_ORIGIN_BYTES: usize = 255;
/// Most extension lines.
pub const MAX_EXTENSIONS: usize = 16;
/// Longest extension line, in bytes.
pub const MAX_EXTENSION_BYTES: usize = 1024;

/// Why a text is no checkpoint, or a signed one is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Empty, longer than [`MAX_ORIGIN_BYTES`], or with control characters.
    #[error("an origin is one line of 1 to {MAX_ORIGIN_BYTES} bytes")]
    Origin,
    /// Not a decimal without leading zeros, or above [`crate::MAX_SIZE`].
    #[error("a tree size is a decimal without leading zeros below 2^63")]
    Size,
    /// Not the base64 of a hash.
    #[error("a root hash is 44 characters of base64")]
    Root,
    /// The tree is empty and the root is not that of the empty tree.
    #[error("the root is not that of the empty tree")]
    EmptyRoot,
    /// An empty extension line, one too long, or too many.
    #[error("a checkpoint has at most {MAX_EXTENSIONS} extension lines of 1 to {MAX_EXTENSION_BYTES} bytes")]
    Extension,
    /// Fewer than three lines, or no newline at the end.
    #[error("a checkpoint is at least three lines, each ended by a newline")]
    Shape,
    /// The checkpoint is that of another log.
    #[error("the checkpoint is of another log: {0}")]
    OtherOrigin(String),
    /// It is not signed as it must be.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// Origin, size and root of a log at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// Makes a checkpoint without extension lines.
    ///
    /// # Errors
    /// [`CheckpointError::Origin`], [`CheckpointError::Size`] or [`CheckpointError::EmptyRoot`].
    pub fn new(origin: impl Into<String>, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        let origin = origin.into();
        if origin.len() > MAX_ORIGIN_BYTES || !text::is_note_line(&origin) {
            return Err(CheckpointError::Origin);
        }
        if size > crate::MAX_SIZE {
            return Err(CheckpointError::Size);
        }
        if size == 0 && root != empty_root() {
            return Err(CheckpointError::EmptyRoot);
        }
        Ok(Self { origin, size, root, extensions: Vec::new() })
    }

    /// Adds extension lines, which the log signs and no one can audit.
    ///
    /// # Errors
    /// [`CheckpointError::Extension`].
    pub fn with_extensions(mut self, extensions: Vec<String>) -> Result<Self, CheckpointError> {
        let fits = |line: &String| line.len() <= MAX_EXTENSION_BYTES && text::is_note_line(line);
        if extensions.len() > MAX_EXTENSIONS || !extensions.iter().all(fits) {
            return Err(CheckpointError::Extension);
        }
        self.extensions = extensions;
        Ok(self)
    }

    /// Which log: unique, by custom a URL without scheme.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of leaves, at most [`crate::MAX_SIZE`].
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree of that size (RFC 6962 §2.1).
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// Extension lines, without newlines.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// Signs the checkpoint; the same checkpoint and key give the same note.
    ///
    /// A log must never sign two checkpoints of which neither continues the other.
    pub fn sign(&self, signer: &Signer) -> Note {
        Note::sign_checked(self.to_string(), signer)
    }

    /// Reads a signed checkpoint and believes it only if one of these keys signed it.
    ///
    /// The note is returned for its other signatures: verify those of witnesses with [`Note::verify`].
    ///
    /// # Errors
    /// [`CheckpointError::Note`] when it is no note, unsigned, or wrongly signed by one of these keys;
    /// [`CheckpointError::OtherOrigin`] when it is of another log; otherwise what [`Checkpoint::from_str`]
    /// refuses.
    pub fn open(
        signed: &[u8],
        origin: &str,
        verifiers: &[Verifier],
    ) -> Result<(Self, Note), CheckpointError> {
        let note = Note::parse(signed)?;
        note.verify(verifiers)?;
        let checkpoint: Self = note.text().parse()?;
        if checkpoint.origin != origin {
            return Err(CheckpointError::OtherOrigin(checkpoint.origin));
        }
        Ok((checkpoint, note))
    }
}

impl fmt::Display for Checkpoint {
    /// Writes the text of the note, with its last newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root.to_base64())?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Reads the text of a note, without signatures.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Shape)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Shape);
        };
        let size = text::parse_decimal(size).ok_or(CheckpointError::Size)?;
        let root = Hash::from_base64(root).map_err(|_| CheckpointError::Root)?;
        // One line more than allowed is enough to refuse them all.
        let extensions = lines.take(MAX_EXTENSIONS + 1).map(str::to_owned).collect();
        Self::new(origin, size, root)?.with_extensions(extensions)
    }
}
