//! A private key of either kind: its text form, its public half, and signing of bytes.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};

use super::Signature;
use super::key::{Algorithm, KeyError, KeyId, KeyName, KeyText};
use super::verifier::Verifier;

/// What the text form of every private key begins with.
const PREFIX: &str = "PRIVATE+KEY+";

/// A private Ed25519 key with its name. `Debug` shows the public half only; the key is zeroed when dropped.
#[derive(Clone)]
pub(super) struct PrivateKey {
    name: KeyName,
    id: KeyId,
    algorithm: Algorithm,
    key: SigningKey,
}

impl PrivateKey {
    pub(super) fn from_seed(name: KeyName, algorithm: Algorithm, seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let id = KeyId::of(&name, algorithm, key.verifying_key().as_bytes());
        Self { name, id, algorithm, key }
    }

    /// Reads `PRIVATE+KEY+<name>+<id>+<base64>` of one kind of key.
    pub(super) fn from_text(text: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        let parts = KeyText::parse(text.strip_prefix(PREFIX).ok_or(KeyError::Shape)?)?;
        if parts.algorithm != algorithm {
            return Err(KeyError::Algorithm(parts.algorithm.byte()));
        }
        let key = Self::from_seed(parts.name.clone(), algorithm, &parts.material);
        parts.check_id(key.id)?;
        Ok(key)
    }

    pub(super) fn to_text(&self) -> String {
        format!("{PREFIX}{}", KeyText::format(&self.name, self.id, self.algorithm, self.key.as_bytes()))
    }

    pub(super) const fn name(&self) -> &KeyName {
        &self.name
    }

    pub(super) fn verifier(&self) -> Verifier {
        Verifier::from_key(self.name.clone(), self.algorithm, self.key.verifying_key())
    }

    /// The Ed25519 signature of `message` (RFC 8032 §5.1.6).
    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// A line of signature with this key's name and id.
    pub(super) fn line(&self, bytes: Vec<u8>) -> Signature {
        Signature { name: self.name.clone(), id: self.id, bytes }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.verifier().to_string())
    }
}
