//! Timestamped signatures on checkpoints, as witnesses make them (`c2sp.org/tlog-cosignature`, Ed25519).
//!
//! Whether the checkpoint continues what the witness saw before must be checked by the caller first.

use super::Signature;
use super::key::{Algorithm, KeyError, KeyName};
use super::private::PrivateKey;
use super::stamped::{MAX_TIME, join, message};
use super::verifier::Verifier;

/// A private Ed25519 key that signs time and text of checkpoints.
///
/// Must not share its seed with another cosigner: the signed message does not name the key.
/// `Debug` shows the public half only; the key is zeroed when dropped.
#[derive(Debug, Clone)]
pub struct Cosigner(PrivateKey);

impl Cosigner {
    /// Makes the key of a 32-byte seed (RFC 8032 §5.1.5), which must come from a secure random source.
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        Self(PrivateKey::from_seed(name, Algorithm::CosignatureV1, seed))
    }

    /// Reads `PRIVATE+KEY+<name>+<id>+<base64>` with signature type 4.
    ///
    /// # Errors
    /// [`KeyError`], which never contains any part of the text.
    pub fn from_private_text(text: &str) -> Result<Self, KeyError> {
        PrivateKey::from_text(text, Algorithm::CosignatureV1).map(Self)
    }

    /// Writes the form that [`Cosigner::from_private_text`] reads. Whoever has it can sign.
    pub fn to_private_text(&self) -> String {
        self.0.to_text()
    }

    /// The public half.
    pub fn verifier(&self) -> Verifier {
        self.0.verifier()
    }

    /// Signs the text of a checkpoint as seen at `time`, in seconds since the Unix epoch.
    ///
    /// Returns `None` for a time above 2⁶³ - 1.
    pub fn sign(&self, text: &str, time: u64) -> Option<Signature> {
        if time > MAX_TIME {
            return None;
        }
        let signature = self.0.sign(message(text, time).as_bytes());
        Some(self.0.line(join(time, &signature)))
    }
}
