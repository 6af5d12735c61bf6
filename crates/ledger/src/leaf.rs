//! Strongroom's own leaf: what the ledger says in public about one record.
//!
//! Version, time, service and a commitment, at most [`MAX_LEAF_BYTES`]; nothing that tells a stranger what
//! happened. The form never changes: later kinds of leaf get another version byte. The record behind the
//! commitment and its nonce are kept by the kernel.

use std::fmt;
use std::str::FromStr;

use crate::hash::{HASH_SIZE, Hash, leaf_hash};

/// The version byte of this form.
const VERSION: u8 = 1;
/// Longest service name, in bytes.
pub const MAX_SERVICE_BYTES: usize = 32;
/// Longest leaf of any version, in bytes.
pub const MAX_LEAF_BYTES: usize = 256;

/// Why bytes are no leaf, or a text no service name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// Another version byte than 1.
    #[error("leaf version {0} is not known")]
    Version(u8),
    /// Fewer or more bytes than the length of the service name demands.
    #[error("a leaf does not have {0} bytes")]
    Length(usize),
    /// Not 1 to 32 of `a-z`, `0-9` and `-`.
    #[error("a service name is 1 to 32 lowercase letters, digits and hyphens")]
    Service,
}

/// Name of the service that made a record: 1 to 32 of `a-z`, `0-9` and `-`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName {
    /// Zeros after the name.
    bytes: [u8; MAX_SERVICE_BYTES],
    length: u8,
}

impl ServiceName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII gets past `from_bytes`.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    fn from_bytes(name: &[u8]) -> Result<Self, LeafError> {
        let allowed = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
        if !(1..=MAX_SERVICE_BYTES).contains(&name.len()) || !name.iter().all(allowed) {
            return Err(LeafError::Service);
        }
        let mut bytes = [0; MAX_SERVICE_BYTES];
        bytes[..name.len()].copy_from_slice(name);
        let length = u8::try_from(name.len()).map_err(|_| LeafError::Service)?;
        Ok(Self { bytes, length })
    }
}

impl FromStr for ServiceName {
    type Err = LeafError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::from_bytes(name.as_bytes())
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceName({self})")
    }
}

/// One entry of the ledger, version 1.
///
/// `1 ‖ time: i64 big-endian ‖ length of service: u8 ‖ service ‖ commitment: 32 bytes`, 43 to 74 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Leaf {
    /// Time of the log, microseconds since the Unix epoch; the kernel sees to it that it never goes back.
    pub time_micros: i64,
    /// The service that made the record.
    pub service: ServiceName,
    /// Commitment to the record, see [`crate::commitment()`].
    pub commitment: Hash,
}

impl Leaf {
    /// The bytes of the entry.
    pub fn encode(&self) -> Vec<u8> {
        let service = self.service.as_bytes();
        let mut bytes = Vec::with_capacity(10 + service.len() + HASH_SIZE);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.time_micros.to_be_bytes());
        bytes.push(self.service.length);
        bytes.extend_from_slice(service);
        bytes.extend_from_slice(self.commitment.as_bytes());
        bytes
    }

    /// Reads what [`Leaf::encode`] writes, to the last byte.
    ///
    /// # Errors
    /// [`LeafError::Version`], [`LeafError::Service`], or [`LeafError::Length`] when bytes are missing or left
    /// over.
    pub fn decode(bytes: &[u8]) -> Result<Self, LeafError> {
        let length = LeafError::Length(bytes.len());
        let (&version, rest) = bytes.split_first().ok_or(length)?;
        if version != VERSION {
            return Err(LeafError::Version(version));
        }
        let (time, rest) = rest.split_first_chunk().ok_or(length)?;
        let (&service_length, rest) = rest.split_first().ok_or(length)?;
        let (service, commitment) = rest.split_at_checked(usize::from(service_length)).ok_or(length)?;
        Ok(Self {
            time_micros: i64::from_be_bytes(*time),
            service: ServiceName::from_bytes(service)?,
            commitment: Hash::try_from(commitment).map_err(|_| length)?,
        })
    }

    /// Hash of this leaf in the tree (RFC 6962 §2.1).
    pub fn hash(&self) -> Hash {
        leaf_hash(&self.encode())
    }
}
