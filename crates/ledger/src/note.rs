//! Signed notes: text with signature lines below it (`c2sp.org/signed-note`).
//!
//! A [`Note`] that was only parsed is a claim; [`Note::verify`] says which known keys signed it. Public keys are
//! [`Verifier`]s, private ones [`Signer`]s and, for the timestamped signatures of witnesses, [`Cosigner`]s. What the text
//! means is not looked at; for checkpoints that is [`crate::checkpoint`].

mod cosigner;
mod key;
mod private;
mod signer;
mod stamped;
mod verifier;

pub use cosigner::Cosigner;
pub use key::{Algorithm, KeyError, KeyId, KeyName};
pub use signer::Signer;
pub use verifier::Verifier;

use std::fmt;

use crate::text;

/// Longest note read or written, in bytes: text and signatures together.
pub const MAX_NOTE_BYTES: usize = 256 * 1024;
/// Most signature lines read; the specification demands at least 16.
pub const MAX_SIGNATURES: usize = 100;

/// How a signature line begins: em dash and space.
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// Why bytes are no signed note, or a note is not signed as it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`MAX_NOTE_BYTES`].
    #[error("the note is longer than {MAX_NOTE_BYTES} bytes")]
    TooLong,
    /// Not UTF-8, or with control characters other than newlines.
    #[error("the note is not plain UTF-8 text")]
    NotText,
    /// The text does not end in a newline, or no empty line parts it from the signatures.
    #[error("the note has no text followed by an empty line and signatures")]
    Shape,
    /// A signature line is not an em dash, a key name and base64 of a key id and a signature.
    #[error("line {0} of the signatures is malformed")]
    SignatureLine(usize),
    /// More than [`MAX_SIGNATURES`] signature lines.
    #[error("the note has more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// A known key's signature does not verify, so that the whole note is refused.
    #[error("the signature of {0} does not verify")]
    BadSignature(String),
    /// No signature is by a known key.
    #[error("the note has no signature by a known key")]
    Unsigned,
}

/// One signature line of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    name: KeyName,
    id: KeyId,
    bytes: Vec<u8>,
}

impl Signature {
    /// Name of the key that is said to have signed.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// Id of the key that is said to have signed.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What the key's algorithm made, without the key id.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
        let bytes = text::decode_base64(encoded)?;
        let (id, signature) = bytes.split_first_chunk()?;
        if signature.is_empty() {
            return None;
        }
        Some(Self { name: name.parse().ok()?, id: KeyId::new(*id), bytes: signature.to_vec() })
    }
}

/// Reads signature lines alone, as witnesses answer with them (`c2sp.org/tlog-witness`).
///
/// # Errors
/// [`NoteError::TooLong`], [`NoteError::NotText`], [`NoteError::TooManySignatures`], [`NoteError::Shape`] without a
/// newline at the end, [`NoteError::SignatureLine`].
pub fn parse_signatures(bytes: &[u8]) -> Result<Vec<Signature>, NoteError> {
    if bytes.len() > MAX_NOTE_BYTES {
        return Err(NoteError::TooLong);
    }
    let lines = std::str::from_utf8(bytes).map_err(|_| NoteError::NotText)?;
    check_characters(lines)?;
    read_signatures(lines.strip_suffix('\n').ok_or(NoteError::Shape)?)
}

fn read_signatures(lines: &str) -> Result<Vec<Signature>, NoteError> {
    if lines.split('\n').count() > MAX_SIGNATURES {
        return Err(NoteError::TooManySignatures);
    }
    let read = |(line, signature)| Signature::parse(signature).ok_or(NoteError::SignatureLine(line + 1));
    lines.split('\n').enumerate().map(read).collect()
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signature = [self.id.as_bytes(), self.bytes.as_slice()].concat();
        writeln!(f, "{SIGNATURE_PREFIX}{} {}", self.name, text::encode_base64(&signature))
    }
}

/// A known key's verified signature on a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'a> {
    /// The key that signed.
    pub verifier: &'a Verifier,
    /// For cosignatures, when the witness says it saw the checkpoint: seconds since the Unix epoch.
    pub time: Option<u64>,
}

/// A text and its signature lines, verified or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// Signs a text: lines of UTF-8 without control characters, the last one ended by a newline.
    ///
    /// # Errors
    /// [`NoteError::TooLong`], [`NoteError::NotText`] or [`NoteError::Shape`] when the text cannot stand in a
    /// note.
    pub fn sign(text: impl Into<String>, signer: &Signer) -> Result<Self, NoteError> {
        let text = text.into();
        check_characters(&text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::Shape);
        }
        if text.len() > MAX_NOTE_BYTES / 2 {
            return Err(NoteError::TooLong);
        }
        Ok(Self::sign_checked(text, signer))
    }

    /// Signs a text that is known to fit, as the text of every checkpoint does.
    pub(crate) fn sign_checked(text: String, signer: &Signer) -> Self {
        let signature = signer.sign(&text);
        Self { text, signatures: vec![signature] }
    }

    /// Adds a signature line at the end, in place of an earlier one by the same key.
    ///
    /// It is not verified.
    pub fn add(&mut self, signature: Signature) {
        self.signatures.retain(|other| (other.name(), other.id()) != (signature.name(), signature.id()));
        self.signatures.push(signature);
    }

    /// Reads a note without verifying any signature.
    ///
    /// # Errors
    /// Any [`NoteError`] but those of [`Note::verify`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong);
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::NotText)?;
        check_characters(note)?;
        // The text may have empty lines of its own: the last one parts it from the signatures.
        let end = note.rfind("\n\n").ok_or(NoteError::Shape)?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Shape)?;
        Ok(Self { signatures: read_signatures(lines)?, text: text.to_owned() })
    }

    /// The signed text, with its last newline. Not to be believed before [`Note::verify`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signature lines, in order.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Says which of these keys signed the text; at least one, each once, in the order of the lines.
    ///
    /// Signatures by other keys are ignored, as the specification demands.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`] when any signature by one of these keys does not verify;
    /// [`NoteError::Unsigned`] when there is none.
    pub fn verify<'a>(&self, verifiers: &'a [Verifier]) -> Result<Vec<Verified<'a>>, NoteError> {
        let mut signed: Vec<Verified<'a>> = Vec::new();
        for signature in &self.signatures {
            let known = verifiers.iter().find(|verifier| verifier.made(signature));
            let Some(verifier) = known else { continue };
            if !verifier.verify(&self.text, signature.bytes()) {
                return Err(NoteError::BadSignature(signature.name().to_string()));
            }
            if !signed.iter().any(|other| other.verifier == verifier) {
                signed.push(Verified { verifier, time: verifier.time(signature.bytes()) });
            }
        }
        if signed.is_empty() { Err(NoteError::Unsigned) } else { Ok(signed) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(f))
    }
}

fn check_characters(text: &str) -> Result<(), NoteError> {
    if text.chars().any(|c| c < ' ' && c != '\n') { Err(NoteError::NotText) } else { Ok(()) }
}
