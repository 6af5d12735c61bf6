//! Timestamped signatures on checkpoints, as witnesses make them (`c2sp.org/tlog-cosignature`, Ed25519).
//!
//! Whether the checkpoint continues what the witness saw before must be checked by the caller first.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};

use super::Signature;
use super::key::{Algorithm, KeyError, KeyId, KeyName};
use super::signer::{format_private, parse_private};
use super::verifier::Verifier;

/// Largest time a cosignature may carry, in seconds: 2⁶³ - 1.
const MAX_TIME: u64 = i64::MAX as u64;

/// A private Ed25519 key that signs time and text of checkpoints.
///
/// Must not share its seed with another cosigner: the signed message does not name the key.
#[derive(Clone)]
pub struct Cosigner {
    name: KeyName,
    id: KeyId,
    key: SigningKey,
}

impl Cosigner {
    /// Makes the key of a 32-byte seed (RFC 8032 §5.1.5), which must come from a secure random source.
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let id = KeyId::of(&name, Algorithm::CosignatureV1, key.verifying_key().as_bytes());
        Self { name, id, key }
    }

    /// Reads `PRIVATE+KEY+<name>+<id>+<base64>` with signature type 4.
    ///
    /// # Errors
    /// [`KeyError`], which never contains any part of the text.
    pub fn from_private_text(text: &str) -> Result<Self, KeyError> {
        let parts = parse_private(text, Algorithm::CosignatureV1)?;
        let cosigner = Self::from_seed(parts.name.clone(), &parts.material);
        parts.check_id(cosigner.id)?;
        Ok(cosigner)
    }

    /// Writes the form that [`Cosigner::from_private_text`] reads. Whoever has it can sign.
    pub fn to_private_text(&self) -> String {
        format_private(&self.name, self.id, Algorithm::CosignatureV1, self.key.as_bytes())
    }

    /// The public half.
    pub fn verifier(&self) -> Verifier {
        Verifier::from_key(self.name.clone(), Algorithm::CosignatureV1, self.key.verifying_key())
    }

    /// Signs the text of a checkpoint as seen at `time`, in seconds since the Unix epoch.
    ///
    /// Returns `None` for a time above 2⁶³ - 1.
    pub fn sign(&self, text: &str, time: u64) -> Option<Signature> {
        if time > MAX_TIME {
            return None;
        }
        let signature = self.key.sign(message(text, time).as_bytes()).to_bytes();
        let bytes = [time.to_be_bytes().as_slice(), &signature].concat();
        Some(Signature { name: self.name.clone(), id: self.id, bytes })
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cosigner").field(&self.verifier().to_string()).finish()
    }
}

/// What is signed: header line, time line, text.
pub(super) fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// Parts a timestamped signature into time and Ed25519 signature.
pub(super) fn split(signature: &[u8]) -> Option<(u64, &[u8])> {
    let (time, signature) = signature.split_first_chunk()?;
    let time = u64::from_be_bytes(*time);
    (time <= MAX_TIME).then_some((time, signature))
}
