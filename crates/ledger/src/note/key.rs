//! What verifier and signer keys share: names, ids, algorithms, and the text form of both.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::text;

/// Longest key name, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// Why a text is no key, or no name of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Empty, longer than 255 bytes, or with spaces, plus signs or control characters.
    #[error("a key name is 1 to 255 bytes without spaces, plus signs and control characters")]
    Name,
    /// Not the parts of a key, joined by plus signs.
    #[error("a key is its name, its id and base64, joined by plus signs")]
    Shape,
    /// Not base64 of an algorithm byte and 32 bytes that are a key.
    #[error("the key is not an algorithm byte and a valid key in base64")]
    Material,
    /// Neither [`Algorithm`], or not the one that is wanted here.
    #[error("signature type {0} is not supported here")]
    Algorithm(u8),
    /// The id is not that of this name and key.
    #[error("the key id does not belong to this name and key")]
    Id,
}

/// Name of a key: by custom a URL without scheme, for logs the origin of their checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = KeyError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let refused = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains(refused) {
            return Err(KeyError::Name);
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which kind of signature a key makes (`c2sp.org/signed-note`, "Signature types").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Algorithm {
    /// Ed25519 over the text of the note.
    Ed25519 = 0x01,
    /// Ed25519 over time and text, as witnesses sign (`c2sp.org/tlog-cosignature`).
    CosignatureV1 = 0x04,
}

impl Algorithm {
    /// The byte that stands for it in key ids and key texts.
    pub const fn byte(self) -> u8 {
        self as u8
    }

    pub(super) const fn from_byte(byte: u8) -> Result<Self, KeyError> {
        match byte {
            0x01 => Ok(Self::Ed25519),
            0x04 => Ok(Self::CosignatureV1),
            other => Err(KeyError::Algorithm(other)),
        }
    }
}

/// The four bytes that, beside the name, tell keys apart. Short on purpose: it proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 4]);

impl KeyId {
    pub(super) const fn new(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The first four bytes of `SHA-256(name ‖ 0x0A ‖ algorithm ‖ public key)`.
    pub fn of(name: &KeyName, algorithm: Algorithm, public_key: &[u8; 32]) -> Self {
        let digest = Sha256::new()
            .chain_update(name.as_str())
            .chain_update([b'\n', algorithm.byte()])
            .chain_update(public_key)
            .finalize();
        Self([digest[0], digest[1], digest[2], digest[3]])
    }

    /// The four bytes as they precede a signature.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

/// The parts of a key's text form: `<name>+<id>+<base64 of algorithm and key>`.
pub(super) struct KeyText {
    pub(super) name: KeyName,
    pub(super) algorithm: Algorithm,
    pub(super) material: [u8; 32],
    id: String,
}

impl KeyText {
    pub(super) fn parse(text: &str) -> Result<Self, KeyError> {
        // Base64 has plus signs of its own, names have none.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Shape);
        };
        let bytes = text::decode_base64(encoded).ok_or(KeyError::Material)?;
        let (&algorithm, material) = bytes.split_first().ok_or(KeyError::Material)?;
        Ok(Self {
            name: name.parse()?,
            algorithm: Algorithm::from_byte(algorithm)?,
            material: material.try_into().map_err(|_| KeyError::Material)?,
            id: id.to_owned(),
        })
    }

    pub(super) fn check_id(&self, id: KeyId) -> Result<(), KeyError> {
        if self.id == id.to_string() { Ok(()) } else { Err(KeyError::Id) }
    }

    pub(super) fn format(name: &KeyName, id: KeyId, algorithm: Algorithm, material: &[u8; 32]) -> String {
        let key = [&[algorithm.byte()], material.as_slice()].concat();
        format!("{name}+{id}+{}", text::encode_base64(&key))
    }
}
