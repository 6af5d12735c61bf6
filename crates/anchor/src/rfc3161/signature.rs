//! Which signatures hold.
//!
//! RSA (PKCS#1 v1.5 and PSS, 2048 bits and more), ECDSA on P-256 and P-384 and Ed25519 are webpki's, on ring.
//! Added here: ECDSA with SHA-512 and on P-521, which authorities use and ring lacks, and RSA with SHA-1, for
//! tokens only and never for a chain of certificates.

use der::{Encode, asn1::ObjectIdentifier};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::{
    error::{TokenError, malformed},
    hash::HashAlgorithm,
};

/// `rsaEncryption`, which stands in tokens for PKCS#1 v1.5 with the digest named beside it.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// `sha1WithRSAEncryption` with its `NULL`, as content of an `AlgorithmIdentifier`.
const RSA_PKCS1_SHA1: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5, 5, 0]);

static ADDED: [&dyn SignatureVerificationAlgorithm; 3] =
    [&EcdsaSha512(Curve::P256), &EcdsaSha512(Curve::P384), &EcdsaSha512(Curve::P521)];

/// Algorithms of certificates.
pub(crate) fn of_certificates() -> Vec<&'static dyn SignatureVerificationAlgorithm> {
    webpki::ALL_VERIFICATION_ALGS.iter().chain(&ADDED).copied().collect()
}

/// A signature as it stands in a token.
pub(crate) struct TokenSignature<'a> {
    pub(crate) algorithm: &'a AlgorithmIdentifierOwned,
    /// The digest algorithm named beside it.
    pub(crate) digest: HashAlgorithm,
    pub(crate) message: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl TokenSignature<'_> {
    /// Whether it rests on SHA-1.
    pub(crate) fn is_weak(&self) -> Result<bool, TokenError> {
        Ok(self.identifier()? == RSA_PKCS1_SHA1.as_ref())
    }

    /// Checks it with `key`.
    pub(crate) fn verify(&self, key: &SubjectPublicKeyInfoOwned) -> Result<(), TokenError> {
        let signature_id = self.identifier()?;
        let key_id = content(&key.algorithm)?;
        let public_key =
            key.subject_public_key.as_bytes().ok_or(TokenError::Broken("the signer's key is no bytes"))?;
        let mut candidates = of_certificates();
        candidates.push(&RsaSha1);
        candidates.retain(|algorithm| {
            algorithm.signature_alg_id().as_ref() == signature_id
                && algorithm.public_key_alg_id().as_ref() == key_id
        });
        let Some(algorithm) = candidates.first() else {
            return Err(TokenError::Unsupported("the signature"));
        };
        algorithm
            .verify_signature(public_key, self.message, self.signature)
            .map_err(|_| TokenError::WrongSignature)
    }

    /// The algorithm's identifier as webpki compares it.
    fn identifier(&self) -> Result<Vec<u8>, TokenError> {
        if self.algorithm.oid != RSA_ENCRYPTION {
            return content(self.algorithm);
        }
        let identifier = match self.digest {
            HashAlgorithm::Sha1 => RSA_PKCS1_SHA1,
            HashAlgorithm::Sha256 => alg_id::RSA_PKCS1_SHA256,
            HashAlgorithm::Sha384 => alg_id::RSA_PKCS1_SHA384,
            HashAlgorithm::Sha512 => alg_id::RSA_PKCS1_SHA512,
        };
        Ok(identifier.as_ref().to_vec())
    }
}

/// An `AlgorithmIdentifier` without the header of its sequence.
fn content(algorithm: &AlgorithmIdentifierOwned) -> Result<Vec<u8>, TokenError> {
    let unreadable = malformed("an algorithm identifier");
    let mut bytes = algorithm.oid.to_der().map_err(&unreadable)?;
    if let Some(parameters) = &algorithm.parameters {
        parameters.encode_to_vec(&mut bytes).map_err(&unreadable)?;
    }
    Ok(bytes)
}

#[derive(Debug, Clone, Copy)]
enum Curve {
    P256,
    P384,
    P521,
}

/// ECDSA with SHA-512 (RFC 5754 §3.3).
#[derive(Debug)]
struct EcdsaSha512(Curve);

impl SignatureVerificationAlgorithm for EcdsaSha512 {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let digest = HashAlgorithm::Sha512.digest(message);
        let result = match self.0 {
            Curve::P256 => {
                use p256::ecdsa::{Signature, VerifyingKey};
                let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
                VerifyingKey::from_sec1_bytes(key).and_then(|key| key.verify_prehash(&digest, &signature))
            }
            Curve::P384 => {
                use p384::ecdsa::{Signature, VerifyingKey};
                let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
                VerifyingKey::from_sec1_bytes(key).and_then(|key| key.verify_prehash(&digest, &signature))
            }
            Curve::P521 => {
                use p521::ecdsa::{Signature, VerifyingKey};
                let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
                VerifyingKey::from_sec1_bytes(key).and_then(|key| key.verify_prehash(&digest, &signature))
            }
        };
        result.map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        match self.0 {
            Curve::P256 => alg_id::ECDSA_P256,
            Curve::P384 => alg_id::ECDSA_P384,
            Curve::P521 => alg_id::ECDSA_P521,
        }
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA512
    }
}

/// RSA PKCS#1 v1.5 with SHA-1: for the original's old tokens.
#[derive(Debug)]
struct RsaSha1;

impl SignatureVerificationAlgorithm for RsaSha1 {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let algorithm = &ring::signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY;
        let key = ring::signature::UnparsedPublicKey::new(algorithm, key);
        key.verify(message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        RSA_PKCS1_SHA1
    }
}
