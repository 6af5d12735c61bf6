//! The private key of a log.

use super::Signature;
use super::key::{Algorithm, KeyError, KeyName};
use super::private::PrivateKey;
use super::verifier::Verifier;

/// A private Ed25519 key that signs the text of notes.
///
/// `Debug` shows the public half only; the key is zeroed when dropped. Signatures are deterministic.
#[derive(Debug, Clone)]
pub struct Signer(PrivateKey);

impl Signer {
    /// Makes the key of a 32-byte seed (RFC 8032 §5.1.5), which must come from a secure random source.
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        Self(PrivateKey::from_seed(name, Algorithm::Ed25519, seed))
    }

    /// Reads `PRIVATE+KEY+<name>+<id>+<base64>`, the form of Go's `sumdb/note`.
    ///
    /// # Errors
    /// [`KeyError`], which never contains any part of the text.
    pub fn from_private_text(text: &str) -> Result<Self, KeyError> {
        PrivateKey::from_text(text, Algorithm::Ed25519).map(Self)
    }

    /// Writes the form that [`Signer::from_private_text`] reads. Whoever has it can sign.
    pub fn to_private_text(&self) -> String {
        self.0.to_text()
    }

    /// Name of the key.
    pub const fn name(&self) -> &KeyName {
        self.0.name()
    }

    /// The public half.
    pub fn verifier(&self) -> Verifier {
        self.0.verifier()
    }

    /// Signs the text of a note, which must end in a newline for the note to be readable.
    pub fn sign(&self, text: &str) -> Signature {
        self.0.line(self.0.sign(text.as_bytes()).to_vec())
    }
}
