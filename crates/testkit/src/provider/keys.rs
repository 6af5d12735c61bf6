//! Keys of a provider, and tokens signed with them.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
        RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use serde_json::{Value, json};

/// Two RSA keys of 2048 bits, PKCS #8, made for these tests; making some takes a second each time.
const FIRST: &[u8] = include_bytes!("../../keys/first.pk8");
const SECOND: &[u8] = include_bytes!("../../keys/second.pk8");

/// A private key with a name and an algorithm.
#[derive(Debug, Clone)]
pub struct SigningKey {
    kid: Option<String>,
    algorithm: &'static str,
    pair: Pair,
}

#[derive(Debug, Clone)]
enum Pair {
    Rsa(Arc<RsaKeyPair>),
    Ecdsa(Arc<EcdsaKeyPair>),
    Ed25519(Arc<Ed25519KeyPair>),
}

impl SigningKey {
    /// An RSA key, for RS256.
    ///
    /// # Panics
    /// Never: it is sound.
    pub fn rsa_first(kid: &str) -> Self {
        Self::rsa(kid, FIRST)
    }

    /// Another RSA key, for RS256.
    ///
    /// # Panics
    /// Never: it is sound.
    pub fn rsa_second(kid: &str) -> Self {
        Self::rsa(kid, SECOND)
    }

    fn rsa(kid: &str, key: &[u8]) -> Self {
        let pair = RsaKeyPair::from_pkcs8(key).expect("the key of these tests is sound");
        Self { kid: Some(kid.to_owned()), algorithm: "RS256", pair: Pair::Rsa(Arc::new(pair)) }
    }

    /// A fresh key on P-256, for ES256.
    ///
    /// # Panics
    /// When the system has no randomness.
    pub fn p256(kid: &str) -> Self {
        Self::ecdsa(kid, "ES256", &ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    /// A fresh key on P-384, for ES384.
    ///
    /// # Panics
    /// When the system has no randomness.
    pub fn p384(kid: &str) -> Self {
        Self::ecdsa(kid, "ES384", &ECDSA_P384_SHA384_FIXED_SIGNING)
    }

    fn ecdsa(kid: &str, algorithm: &'static str, curve: &'static EcdsaSigningAlgorithm) -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(curve, &random).expect("the system has randomness");
        let pair = EcdsaKeyPair::from_pkcs8(curve, key.as_ref(), &random).expect("a fresh key is sound");
        Self { kid: Some(kid.to_owned()), algorithm, pair: Pair::Ecdsa(Arc::new(pair)) }
    }

    /// A fresh Ed25519 key, for `EdDSA`.
    ///
    /// # Panics
    /// When the system has no randomness.
    pub fn ed25519(kid: &str) -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("the system has randomness");
        let pair = Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("a fresh key is sound");
        Self { kid: Some(kid.to_owned()), algorithm: "EdDSA", pair: Pair::Ed25519(Arc::new(pair)) }
    }

    /// The same key, for another algorithm of its kind.
    #[must_use]
    pub fn with_algorithm(mut self, algorithm: &'static str) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// The same key without a name.
    #[must_use]
    pub fn without_name(mut self) -> Self {
        self.kid = None;
        self
    }

    /// The public key as it stands in a key set.
    pub fn public(&self) -> Value {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let mut key = match &self.pair {
            Pair::Rsa(pair) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                let (n, e) = (&public.n, &public.e);
                json!({"kty": "RSA", "n": encode(n), "e": encode(e)})
            }
            Pair::Ecdsa(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)})
            }
            Pair::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref())})
            }
        };
        key["use"] = json!("sig");
        key["alg"] = json!(self.algorithm);
        if let Some(kid) = &self.kid {
            key["kid"] = json!(kid);
        }
        key
    }

    /// A token of these claims.
    pub fn token(&self, claims: &Value) -> String {
        let mut header = json!({"alg": self.algorithm, "typ": "JWT"});
        if let Some(kid) = &self.kid {
            header["kid"] = json!(kid);
        }
        self.token_with(&header, claims)
    }

    /// A token of this header and these claims, whatever the header says.
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", encode(header), encode(claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.sign(text.as_bytes()));
        format!("{text}.{signature}")
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match self.algorithm {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    "PS512" => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(encoding, &random, text, &mut signature).expect("the key is long enough");
                signature
            }
            Pair::Ecdsa(pair) => {
                pair.sign(&random, text).expect("the system has randomness").as_ref().to_vec()
            }
            Pair::Ed25519(pair) => pair.sign(text).as_ref().to_vec(),
        }
    }
}
