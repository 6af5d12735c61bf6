//! SHA-256 hashes of leaves and nodes as RFC 6962 §2.1 defines them.
//!
//! Not the digest of stored content: that is `Digest` in the `model` crate. Commitments to records, which
//! are hashes too, are made in [`crate::commitment()`].

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// Length of every hash, in bytes.
pub const HASH_SIZE: usize = 32;

/// Put before the bytes of an entry, so that no entry can pass for a node (RFC 6962 §2.1).
const LEAF_PREFIX: u8 = 0x00;
/// Put before the two children of a node (RFC 6962 §2.1).
const NODE_PREFIX: u8 = 0x01;

/// A SHA-256 hash: of a leaf, a node, a root, or a commitment.
///
/// Written as 64 lowercase hexadecimal digits by `Display` and `FromStr`; checkpoints and proofs use
/// [`Hash::to_base64`] instead.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; HASH_SIZE]);

impl Hash {
    /// Takes the bytes of a hash computed elsewhere.
    pub const fn new(bytes: [u8; HASH_SIZE]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; HASH_SIZE] {
        &self.0
    }

    /// The 32 bytes, by value.
    pub const fn to_bytes(self) -> [u8; HASH_SIZE] {
        self.0
    }

    /// Standard base64 with padding (RFC 4648 §4): 44 characters.
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads the form that [`Hash::to_base64`] writes, and no other spelling of it.
    ///
    /// # Errors
    /// [`ParseHashError::Base64`] when `text` is not the canonical base64 of exactly 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, ParseHashError> {
        // The length is checked first: an endless line must not be decoded to learn that it is too long.
        if text.len() != 44 {
            return Err(ParseHashError::Base64);
        }
        let bytes = STANDARD.decode(text).map_err(|_| ParseHashError::Base64)?;
        bytes.try_into().map(Self).map_err(|_| ParseHashError::Base64)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0_u8; HASH_SIZE * 2];
        hex::encode_to_slice(self.0, &mut digits).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = ParseHashError;

    /// Reads 64 lowercase hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0_u8; HASH_SIZE];
        if text.bytes().any(|byte| byte.is_ascii_uppercase())
            || hex::decode_to_slice(text, &mut bytes).is_err()
        {
            return Err(ParseHashError::Hex);
        }
        Ok(Self(bytes))
    }
}

impl From<[u8; HASH_SIZE]> for Hash {
    fn from(bytes: [u8; HASH_SIZE]) -> Self {
        Self(bytes)
    }
}

impl From<Hash> for [u8; HASH_SIZE] {
    fn from(hash: Hash) -> Self {
        hash.0
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = ParseHashError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self).map_err(|_| ParseHashError::Length(bytes.len()))
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Why a text or slice is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseHashError {
    /// Not 64 lowercase hexadecimal digits.
    #[error("a hash is 64 lowercase hexadecimal digits")]
    Hex,
    /// Not the canonical base64 of 32 bytes.
    #[error("a hash is 44 characters of base64")]
    Base64,
    /// A slice of another length, in bytes.
    #[error("a hash is 32 bytes, not {0}")]
    Length(usize),
}

/// Hash of the leaf that holds `entry`: `SHA-256(0x00 ‖ entry)` (RFC 6962 §2.1).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([LEAF_PREFIX]).chain_update(entry).finalize().into())
}

/// Hash of the node above two subtrees: `SHA-256(0x01 ‖ left ‖ right)` (RFC 6962 §2.1).
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut input = [NODE_PREFIX; 1 + 2 * HASH_SIZE];
    input[1..=HASH_SIZE].copy_from_slice(&left.0);
    input[1 + HASH_SIZE..].copy_from_slice(&right.0);
    Hash(Sha256::digest(input).into())
}

/// Root of the tree without leaves: the SHA-256 of nothing (RFC 6962 §2.1).
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_reads_back_from_hex_and_base64() {
        let hash = leaf_hash(b"entry");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(Hash::from_base64(&hash.to_base64()), Ok(hash));
        assert_eq!(Hash::try_from(hash.as_ref()), Ok(hash));
    }

    #[test]
    fn another_spelling_of_a_hash_is_refused() {
        let hash = leaf_hash(b"entry");
        assert_eq!(hash.to_string().to_uppercase().parse::<Hash>(), Err(ParseHashError::Hex));
        assert_eq!(hash.to_string()[2..].parse::<Hash>(), Err(ParseHashError::Hex));
        assert_eq!(Hash::from_base64(hash.to_base64().trim_end_matches('=')), Err(ParseHashError::Base64));
        // 32 bytes leave two spare bits in the last character: only zeros are canonical.
        assert_eq!(Hash::from_base64(&format!("{}B=", "A".repeat(42))), Err(ParseHashError::Base64));
        assert_eq!(Hash::try_from(&hash.as_ref()[1..]), Err(ParseHashError::Length(31)));
    }
}
