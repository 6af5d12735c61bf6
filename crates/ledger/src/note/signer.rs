//! The private key of a log.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};

use super::Signature;
use super::key::{Algorithm, KeyError, KeyId, KeyName, KeyText};
use super::verifier::Verifier;

/// What the text form of every private key begins with.
const PRIVATE_PREFIX: &str = "PRIVATE+KEY+";

/// A private Ed25519 key that signs the text of notes.
///
/// `Debug` shows the public half only; the key is zeroed when dropped. Signatures are deterministic.
#[derive(Clone)]
pub struct Signer {
    name: KeyName,
    id: KeyId,
    key: SigningKey,
}

impl Signer {
    /// Makes the key of a 32-byte seed (RFC 8032 §5.1.5), which must come from a secure random source.
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let id = KeyId::of(&name, Algorithm::Ed25519, key.verifying_key().as_bytes());
        Self { name, id, key }
    }

    /// Reads `PRIVATE+KEY+<name>+<id>+<base64>`, the form of Go's `sumdb/note`.
    ///
    /// # Errors
    /// [`KeyError`], which never contains any part of the text.
    pub fn from_private_text(text: &str) -> Result<Self, KeyError> {
        let parts = parse_private(text, Algorithm::Ed25519)?;
        let signer = Self::from_seed(parts.name.clone(), &parts.material);
        parts.check_id(signer.id)?;
        Ok(signer)
    }

    /// Writes the form that [`Signer::from_private_text`] reads. Whoever has it can sign.
    pub fn to_private_text(&self) -> String {
        format_private(&self.name, self.id, Algorithm::Ed25519, self.key.as_bytes())
    }

    /// Name of the key.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The public half.
    pub fn verifier(&self) -> Verifier {
        Verifier::from_key(self.name.clone(), Algorithm::Ed25519, self.key.verifying_key())
    }

    /// Signs the text of a note, which must end in a newline for the note to be readable.
    pub fn sign(&self, text: &str) -> Signature {
        let bytes = self.key.sign(text.as_bytes()).to_bytes().to_vec();
        Signature { name: self.name.clone(), id: self.id, bytes }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.verifier().to_string()).finish()
    }
}

/// Reads a private key of one kind; its id is still to be checked.
pub(super) fn parse_private(text: &str, algorithm: Algorithm) -> Result<KeyText, KeyError> {
    let parts = KeyText::parse(text.strip_prefix(PRIVATE_PREFIX).ok_or(KeyError::Shape)?)?;
    if parts.algorithm == algorithm { Ok(parts) } else { Err(KeyError::Algorithm(parts.algorithm.byte())) }
}

/// Writes a private key of one kind.
pub(super) fn format_private(name: &KeyName, id: KeyId, algorithm: Algorithm, seed: &[u8; 32]) -> String {
    format!("{PRIVATE_PREFIX}{}", KeyText::format(name, id, algorithm, seed))
}
