//! The hash algorithms of time stamps.

use std::str::FromStr;

use der::asn1::ObjectIdentifier;
use sha2::Digest as _;

/// A hash algorithm of an imprint, a token's content or a certificate's identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HashAlgorithm {
    /// Broken for new imprints; the original's only one, so its tokens still verify.
    Sha1,
    /// The default.
    #[default]
    Sha256,
    /// Common in authorities' own signatures.
    Sha384,
    /// The longest.
    Sha512,
}

const ALL: [HashAlgorithm; 4] =
    [HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512];

impl HashAlgorithm {
    /// Object identifier (RFC 3279, RFC 5754 §2).
    pub(crate) fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::Sha1 => "1.3.14.3.2.26",
            Self::Sha256 => "2.16.840.1.101.3.4.2.1",
            Self::Sha384 => "2.16.840.1.101.3.4.2.2",
            Self::Sha512 => "2.16.840.1.101.3.4.2.3",
        })
    }

    pub(crate) fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
        ALL.into_iter().find(|algorithm| algorithm.oid() == oid)
    }

    /// The digest of `bytes`.
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(bytes).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
        }
    }

    /// The name used in configuration: `sha1`, `sha256`, `sha384`, `sha512`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }
}

/// Not one of the names of [`HashAlgorithm::name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a hash algorithm of time stamps; expected sha1, sha256, sha384 or sha512")]
pub struct UnknownHash;

impl FromStr for HashAlgorithm {
    type Err = UnknownHash;

    fn from_str(name: &str) -> Result<Self, UnknownHash> {
        ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or(UnknownHash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_identifiers_lead_back_to_the_algorithm() {
        for algorithm in ALL {
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
            assert_eq!(HashAlgorithm::from_oid(algorithm.oid()), Some(algorithm));
        }
        assert_eq!("md5".parse::<HashAlgorithm>(), Err(UnknownHash));
    }

    #[test]
    fn digests_are_those_of_the_standard() {
        // FIPS 180-4, the message "abc".
        assert_eq!(
            hex::encode(HashAlgorithm::Sha1.digest(b"abc")),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
        assert!(hex::encode(HashAlgorithm::Sha256.digest(b"abc")).starts_with("ba7816bf8f01cfea"));
        assert!(hex::encode(HashAlgorithm::Sha384.digest(b"abc")).starts_with("cb00753f45a35e8b"));
        assert!(hex::encode(HashAlgorithm::Sha512.digest(b"abc")).starts_with("ddaf35a193617aba"));
    }
}
