//! One public key of a provider (RFC 7517, RFC 7518 §6, RFC 8037 §2), and checking a signature with it.

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use ring::signature::{RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

use super::algorithm::{Algorithm, Check};

/// RSA keys shorter than this are not taken (RFC 7518 §3.3).
const LEAST_RSA_BITS: usize = 2048;
/// Longer ones would cost too much.
const MOST_RSA_BITS: usize = 8192;
/// Bytes of the largest public exponent ring takes, 2^33 - 1.
const MOST_EXPONENT_BYTES: usize = 5;
/// Longest `kid`, in bytes.
const MOST_KID_BYTES: usize = 512;

/// Without padding by the RFC; some providers pad.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A key as it stands in a key set. Members that do not concern us (certificates, times) are passed over.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// A public key that checks signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) kid: Option<String>,
    /// The one algorithm the provider uses it with, if it says so.
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    /// Modulus and exponent, big-endian without leading zeros.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// Uncompressed point.
    P256(Vec<u8>),
    /// Uncompressed point.
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl Key {
    /// The key, if it is one that checks signatures of an [`Algorithm`]: others stand in key sets too.
    pub(super) fn of(jwk: &Jwk) -> Option<Self> {
        let signs = jwk.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && jwk.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|one| one == "verify"));
        let short = jwk.kid.as_ref().is_none_or(|kid| kid.len() <= MOST_KID_BYTES);
        if !signs || !short {
            return None;
        }
        // an algorithm we do not have makes the key useless to us
        let algorithm = jwk.alg.as_deref().map(str::parse).transpose().ok()?;
        let key = Self { kid: jwk.kid.clone(), algorithm, material: Material::of(jwk)? };
        Algorithm::ALL.into_iter().any(|algorithm| key.fits(algorithm)).then_some(key)
    }

    /// Whether signatures of `algorithm` can be checked with it.
    pub(super) fn fits(&self, algorithm: Algorithm) -> bool {
        let kind = matches!(
            (algorithm.check(), &self.material),
            (Check::Rsa(_), Material::Rsa { .. })
                | (Check::P256(_), Material::P256(_))
                | (Check::P384(_), Material::P384(_))
                | (Check::Ed25519(_), Material::Ed25519(_))
        );
        kind && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// Whether `signature` over `text` was made by the holder of this key, with `algorithm`.
    pub(super) fn verifies(&self, algorithm: Algorithm, text: &[u8], signature: &[u8]) -> bool {
        if !self.fits(algorithm) {
            return false;
        }
        match (algorithm.check(), &self.material) {
            (Check::Rsa(check), Material::Rsa { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(check, text, signature).is_ok()
            }
            (Check::P256(check), Material::P256(key))
            | (Check::P384(check), Material::P384(key))
            | (Check::Ed25519(check), Material::Ed25519(key)) => {
                UnparsedPublicKey::new(check, key).verify(text, signature).is_ok()
            }
            _ => false,
        }
    }
}

impl Material {
    fn of(jwk: &Jwk) -> Option<Self> {
        let part = |text: &Option<String>| BASE64.decode(text.as_deref()?).ok();
        match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => rsa(&part(&jwk.n)?, &part(&jwk.e)?),
            ("EC", Some("P-256")) => point(&part(&jwk.x)?, &part(&jwk.y)?, 32).map(Self::P256),
            ("EC", Some("P-384")) => point(&part(&jwk.x)?, &part(&jwk.y)?, 48).map(Self::P384),
            ("OKP", Some("Ed25519")) => part(&jwk.x).filter(|x| x.len() == 32).map(Self::Ed25519),
            _ => None,
        }
    }
}

fn rsa(n: &[u8], e: &[u8]) -> Option<Material> {
    // some providers write a leading zero as ASN.1 has it
    let bare = |number: &[u8]| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        number[zeros..].to_vec()
    };
    let (n, e) = (bare(n), bare(e));
    let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
    let fits = (LEAST_RSA_BITS..=MOST_RSA_BITS).contains(&bits)
        && e.len() <= MOST_EXPONENT_BYTES
        && e.last()? % 2 == 1
        && e != [1];
    fits.then_some(Material::Rsa { n, e })
}

/// The uncompressed form of a point (SEC 1 §2.3.3); whether it lies on the curve is checked with each signature.
fn point(x: &[u8], y: &[u8], length: usize) -> Option<Vec<u8>> {
    (x.len() == length && y.len() == length).then(|| [&[4], x, y].concat())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(value: serde_json::Value) -> Option<Key> {
        Key::of(&serde_json::from_value(value).unwrap())
    }

    fn number(length: usize, first: u8) -> String {
        let mut bytes = vec![0x55; length];
        bytes[0] = first;
        BASE64.encode(bytes)
    }

    #[test]
    fn rsa_keys_have_a_length_within_bounds() {
        let of = |n: String, e: &str| key(json!({"kty": "RSA", "n": n, "e": e})).is_some();
        assert!(of(number(256, 0x80), "AQAB"));
        assert!(!of(number(256, 0x7f), "AQAB"));
        assert!(!of(number(128, 0x80), "AQAB"));
        assert!(of(number(1024, 0x80), "AQAB"));
        assert!(!of(number(1025, 0x01), "AQAB"));
        assert!(!of(number(256, 0x80), "AQAA")); // even
        assert!(!of(number(256, 0x80), "AQ"));
        assert!(!of(number(256, 0x80), ""));
        assert!(!of(number(256, 0x80), "AQEBAQEB"));
        assert!(!of(String::new(), "AQAB"));
    }

    #[test]
    fn leading_zeros_do_not_count() {
        let with = |n: String| key(json!({"kty": "RSA", "n": n, "e": "AAEAAQ=="})).unwrap();
        let mut bytes = vec![0x55; 257];
        bytes[..2].copy_from_slice(&[0, 0x80]);
        assert_eq!(with(BASE64.encode(bytes)), with(number(256, 0x80)));
    }

    #[test]
    fn what_is_not_for_checking_signatures_is_passed_over() {
        let rsa = |name: &str, value: serde_json::Value| {
            let mut key = json!({"kty": "RSA", "n": number(256, 0x80), "e": "AQAB"});
            key[name] = value;
            super::tests::key(key).is_some()
        };
        assert!(rsa("use", json!("sig")) && !rsa("use", json!("enc")));
        assert!(rsa("key_ops", json!(["verify"])) && !rsa("key_ops", json!(["encrypt"])));
        assert!(rsa("alg", json!("PS512")) && !rsa("alg", json!("RSA-OAEP")) && !rsa("alg", json!("ES256")));
        assert!(rsa("kid", json!("k")) && !rsa("kid", json!("k".repeat(513))));
        assert!(key(json!({"kty": "oct", "k": "AAAA"})).is_none());
        assert!(key(json!({"kty": "EC", "crv": "P-521", "x": number(66, 1), "y": number(66, 1)})).is_none());
        assert!(key(json!({"kty": "EC", "crv": "P-256", "x": number(31, 1), "y": number(32, 1)})).is_none());
        assert!(key(json!({"kty": "EC", "crv": "P-256", "x": number(32, 1), "y": number(32, 1)})).is_some());
        assert!(key(json!({"kty": "OKP", "crv": "X25519", "x": number(32, 1)})).is_none());
        assert!(key(json!({"kty": "OKP", "crv": "Ed25519", "x": "?"})).is_none());
    }

    #[test]
    fn a_key_checks_its_own_algorithms_only() {
        let free = key(json!({"kty": "RSA", "n": number(256, 0x80), "e": "AQAB"})).unwrap();
        assert!(free.fits(Algorithm::Rs256) && free.fits(Algorithm::Ps512) && !free.fits(Algorithm::Es256));
        let bound = key(json!({"kty": "RSA", "n": number(256, 0x80), "e": "AQAB", "alg": "RS256"})).unwrap();
        assert!(bound.fits(Algorithm::Rs256) && !bound.fits(Algorithm::Rs384));
        assert!(!bound.verifies(Algorithm::Rs384, b"", b"") && !bound.verifies(Algorithm::EdDsa, b"", b""));
        // a point that is not on the curve verifies nothing
        let off = key(json!({"kty": "EC", "crv": "P-256", "x": number(32, 1), "y": number(32, 1)})).unwrap();
        assert!(!off.verifies(Algorithm::Es256, b"text", &[1; 64]));
    }
}
