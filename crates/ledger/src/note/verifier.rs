//! Public keys: who is known, and whether a signature is theirs.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey};

use super::key::{Algorithm, KeyError, KeyId, KeyName, KeyText};
use super::{Signature, stamped};

/// A public key with its name and the kind of signature it verifies.
///
/// Its text form is `<name>+<id>+<base64>`, as Go's `sumdb/note` and the C2SP tools write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: KeyName,
    id: KeyId,
    algorithm: Algorithm,
    key: VerifyingKey,
}

impl Verifier {
    /// Makes the verifier of a public key (RFC 8032, 32 bytes).
    ///
    /// # Errors
    /// [`KeyError::Material`] when the bytes are no point of the curve, or a weak one.
    pub fn new(name: KeyName, algorithm: Algorithm, public_key: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(public_key).map_err(|_| KeyError::Material)?;
        if key.is_weak() {
            return Err(KeyError::Material);
        }
        Ok(Self::from_key(name, algorithm, key))
    }

    pub(super) fn from_key(name: KeyName, algorithm: Algorithm, key: VerifyingKey) -> Self {
        let id = KeyId::of(&name, algorithm, key.as_bytes());
        Self { name, id, algorithm, key }
    }

    /// Name of the key.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// Id of the key.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Kind of signature.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key (RFC 8032, 32 bytes).
    pub fn public_key(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// Whether a signature line names this key; says nothing about the signature itself.
    pub fn made(&self, signature: &Signature) -> bool {
        (&self.name, self.id) == (signature.name(), signature.id())
    }

    /// Whether `signature`, the bytes after the key id, is this key's over `text`.
    ///
    /// Strict Ed25519 (cofactorless, no weak keys or points), so that no signature has two accepted forms.
    pub fn verify(&self, text: &str, signature: &[u8]) -> bool {
        match self.algorithm {
            Algorithm::Ed25519 => self.verify_bytes(text.as_bytes(), signature),
            Algorithm::CosignatureV1 => stamped::split(signature).is_some_and(|(time, signature)| {
                self.verify_bytes(stamped::message(text, time).as_bytes(), signature)
            }),
        }
    }

    fn verify_bytes(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = Ed25519Signature::from_slice(signature);
        signature.is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }

    /// The time in the bytes of a cosignature; `None` for plain signatures.
    pub(super) fn time(&self, signature: &[u8]) -> Option<u64> {
        match self.algorithm {
            Algorithm::Ed25519 => None,
            Algorithm::CosignatureV1 => stamped::split(signature).map(|(time, _)| time),
        }
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&KeyText::format(&self.name, self.id, self.algorithm, self.key.as_bytes()))
    }
}

impl FromStr for Verifier {
    type Err = KeyError;

    /// Reads the text form, and refuses an id that is not that of the key.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = KeyText::parse(text)?;
        let verifier = Self::new(parts.name.clone(), parts.algorithm, &parts.material)?;
        parts.check_id(verifier.id)?;
        Ok(verifier)
    }
}
