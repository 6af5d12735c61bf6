//! The algorithms by name.

use std::{fmt, str::FromStr};

use crate::Digests;

/// A cryptographic hash function that content may be described with.
///
/// Those with known collisions (MD5, SHA-1) are left out, and of BLAKE2 the lengths below 224 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA3-256 (FIPS 202).
    Sha3_256,
    /// SHA3-512 (FIPS 202).
    Sha3_512,
    /// SHA-224 (FIPS 180-4).
    Sha224,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// SHA-512/224 (FIPS 180-4).
    Sha512_224,
    /// SHA-512/256 (FIPS 180-4).
    Sha512_256,
    /// SHA3-224 (FIPS 202).
    Sha3_224,
    /// SHA3-384 (FIPS 202).
    Sha3_384,
    /// `BLAKE2b` with 256 bits (RFC 7693).
    Blake2b256,
    /// `BLAKE2b` with 384 bits (RFC 7693).
    Blake2b384,
    /// `BLAKE2b` with 512 bits (RFC 7693).
    Blake2b512,
    /// `BLAKE2s` with 224 bits (RFC 7693).
    Blake2s224,
    /// `BLAKE2s` with 256 bits (RFC 7693).
    Blake2s256,
    /// BLAKE3 with its 256 bits, neither keyed nor extended.
    Blake3,
}

impl Algorithm {
    /// All, in the order of lists: CHAIMELEON Tracer's two first, under its names.
    pub const ALL: [Self; 16] = [
        Self::Sha3_256,
        Self::Sha3_512,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha512_224,
        Self::Sha512_256,
        Self::Sha3_224,
        Self::Sha3_384,
        Self::Blake2b256,
        Self::Blake2b384,
        Self::Blake2b512,
        Self::Blake2s224,
        Self::Blake2s256,
        Self::Blake3,
    ];

    /// The name in lists and beside values. All but the first two are as their standards write them.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha3_256 => "SHA3_256",
            Self::Sha3_512 => "SHA3_512",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Sha512_224 => "SHA-512/224",
            Self::Sha512_256 => "SHA-512/256",
            Self::Sha3_224 => "SHA3-224",
            Self::Sha3_384 => "SHA3-384",
            Self::Blake2b256 => "BLAKE2b-256",
            Self::Blake2b384 => "BLAKE2b-384",
            Self::Blake2b512 => "BLAKE2b-512",
            Self::Blake2s224 => "BLAKE2s-224",
            Self::Blake2s256 => "BLAKE2s-256",
            Self::Blake3 => "BLAKE3",
        }
    }

    /// How long its digests are, in bytes.
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha224 | Self::Sha512_224 | Self::Sha3_224 | Self::Blake2s224 => 28,
            Self::Sha3_256
            | Self::Sha256
            | Self::Sha512_256
            | Self::Blake2b256
            | Self::Blake2s256
            | Self::Blake3 => 32,
            Self::Sha384 | Self::Sha3_384 | Self::Blake2b384 => 48,
            Self::Sha3_512 | Self::Sha512 | Self::Blake2b512 => 64,
        }
    }

    /// Digest of `content`, [`Algorithm::output_len`] bytes.
    pub fn digest(self, content: &[u8]) -> Vec<u8> {
        let mut digests = Digests::new(&[self]);
        digests.update(content);
        digests.finish().pop().map(|(_, digest)| digest).unwrap_or_default()
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// The text names no algorithm of [`Algorithm::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a known hash algorithm")]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Reads a name in any letter case, with `_`, `-` or `/` between its parts; of SHA-2 also without the first
    /// of them (`sha256`) and with the number of the family (`SHA2-256`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|algorithm| algorithm.is_called(text)).ok_or(UnknownAlgorithm)
    }
}

impl Algorithm {
    fn is_called(self, text: &str) -> bool {
        let name = self.name();
        let of_sha_2 = || {
            let length = name.strip_prefix("SHA-")?;
            let text = strip_prefix_ignoring_case(text, "SHA2-").or_else(|| {
                strip_prefix_ignoring_case(text, "SHA2_").or_else(|| {
                    strip_prefix_ignoring_case(text, "SHA").filter(|rest| !rest.starts_with(['-', '_']))
                })
            })?;
            Some(same(text, length))
        };
        same(text, name) || of_sha_2().unwrap_or(false)
    }
}

/// Whether two names differ in letter case and separators at most.
fn same(left: &str, right: &str) -> bool {
    let plain = |byte: u8| if matches!(byte, b'_' | b'/') { b'-' } else { byte.to_ascii_lowercase() };
    left.len() == right.len() && left.bytes().map(plain).eq(right.bytes().map(plain))
}

fn strip_prefix_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracers_two_come_first_under_its_names() {
        assert_eq!(Algorithm::ALL.map(Algorithm::name)[..2], ["SHA3_256", "SHA3_512"]);
    }

    #[test]
    fn every_name_is_read_in_any_case_and_with_any_separator() {
        for algorithm in Algorithm::ALL {
            let name = algorithm.to_string();
            for text in [&name, &name.to_lowercase(), &name.to_uppercase()] {
                assert_eq!(text.parse(), Ok(algorithm), "{text}");
                for separator in ["-", "_", "/"] {
                    let text = text.replace(['-', '_', '/'], separator);
                    assert_eq!(text.parse(), Ok(algorithm), "{text}");
                }
            }
        }
    }

    #[test]
    fn sha_2_has_more_spellings() {
        for (text, algorithm) in [
            ("sha256", Algorithm::Sha256),
            ("SHA384", Algorithm::Sha384),
            ("SHA2-512", Algorithm::Sha512),
            ("sha2_224", Algorithm::Sha224),
            ("SHA512/256", Algorithm::Sha512_256),
            ("sha512_224", Algorithm::Sha512_224),
            ("SHA2-512/256", Algorithm::Sha512_256),
        ] {
            assert_eq!(text.parse(), Ok(algorithm), "{text}");
        }
    }

    #[test]
    fn no_other_text_is_a_name() {
        for text in [
            "",
            "SHA",
            "SHA-",
            "SHA--256",
            "SHA3",
            "SHA3256",
            "SHA384 ",
            " SHA-256",
            "SHA3-84",
            "SHA-1",
            "MD5",
            "SHA2256",
            "SHA2",
            "BLAKE2b",
            "BLAKE2-256",
            "BLAKE3-256",
            "SHA-5120",
            "ſHA-256",
            "SHA٢-256",
        ] {
            assert_eq!(text.parse::<Algorithm>(), Err(UnknownAlgorithm), "{text}");
        }
    }
}
