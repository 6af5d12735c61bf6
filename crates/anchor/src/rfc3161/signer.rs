//! Who signed a token, and whether his certificate is one of a time-stamp authority.

use der::{Decode, asn1::ObjectIdentifier, oid::AssociatedOid};
use strongroom_model::Timestamp;
use x509_cert::{
    Certificate,
    ext::pkix::{ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier},
    name::Name,
    spki::SubjectPublicKeyInfoOwned,
    time::Time,
};

use super::{
    error::{TokenError, malformed},
    hash::HashAlgorithm,
    structures::SignerIdentifier,
};

/// `id-kp-timeStamping` (RFC 3161 §2.3).
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

/// What a token's signed attributes say of the signer's certificate: its digest.
#[derive(Debug, Clone)]
pub(crate) struct CertificateDigest {
    pub(crate) algorithm: HashAlgorithm,
    pub(crate) digest: Vec<u8>,
}

/// The signer's certificate.
pub(crate) struct Signer {
    der: Vec<u8>,
    certificate: Certificate,
}

impl Signer {
    /// The first of `candidates` that the token names, by its signed digest and by its unsigned identifier.
    pub(crate) fn find<'a>(
        mut candidates: impl Iterator<Item = &'a [u8]>,
        named_inside: &[CertificateDigest],
        named_outside: &SignerIdentifier,
    ) -> Result<Self, TokenError> {
        let der = candidates
            .find(|der| named_inside.iter().all(|named| named.algorithm.digest(der) == named.digest))
            .ok_or(TokenError::NoSigner)?;
        let certificate = Certificate::from_der(der).map_err(malformed("the signer's certificate"))?;
        let signer = Self { der: der.to_vec(), certificate };
        if !signer.is(named_outside)? {
            return Err(TokenError::Broken("its signer is named in two ways that differ"));
        }
        Ok(signer)
    }

    fn is(&self, identifier: &SignerIdentifier) -> Result<bool, TokenError> {
        let tbs = &self.certificate.tbs_certificate;
        match identifier {
            SignerIdentifier::IssuerAndSerialNumber(named) => {
                let issuer: Name = named.issuer.decode_as().map_err(malformed("the signer's issuer"))?;
                Ok(tbs.issuer == issuer && tbs.serial_number == named.serial_number)
            }
            SignerIdentifier::SubjectKeyIdentifier(named) => {
                let own: Option<(bool, SubjectKeyIdentifier)> =
                    tbs.get().map_err(malformed("the signer's key identifier"))?;
                Ok(own.is_some_and(|(_, own)| own.0.as_bytes() == named.as_bytes()))
            }
        }
    }

    /// Checks that the certificate is for time stamps and nothing else (RFC 3161 §2.3).
    pub(crate) fn check_purpose(&self) -> Result<(), TokenError> {
        let tbs = &self.certificate.tbs_certificate;
        let purposes =
            tbs.extensions.iter().flatten().find(|extension| extension.extn_id == ExtendedKeyUsage::OID);
        let purposes = purposes.ok_or(TokenError::NotForTimeStamps("it has no extended key usage"))?;
        if !purposes.critical {
            return Err(TokenError::NotForTimeStamps("its extended key usage is not critical"));
        }
        let purposes = ExtendedKeyUsage::from_der(purposes.extn_value.as_bytes())
            .map_err(malformed("the signer's extended key usage"))?;
        if purposes.0 != [TIME_STAMPING] {
            return Err(TokenError::NotForTimeStamps("it is for something else, or for more"));
        }
        let usage: Option<(bool, KeyUsage)> = tbs.get().map_err(malformed("the signer's key usage"))?;
        if usage.is_some_and(|(_, usage)| !usage.digital_signature() && !usage.non_repudiation()) {
            return Err(TokenError::NotForTimeStamps("its key usage has no signatures"));
        }
        Ok(())
    }

    /// Checks that the certificate was valid at `time`.
    pub(crate) fn check_validity(&self, time: Timestamp) -> Result<(), TokenError> {
        let validity = &self.certificate.tbs_certificate.validity;
        let seconds = |time: &Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        let at = time.micros().div_euclid(1_000_000);
        if at < seconds(&validity.not_before) || at > seconds(&validity.not_after) {
            return Err(TokenError::NotValidThen);
        }
        Ok(())
    }

    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(crate) fn key(&self) -> &SubjectPublicKeyInfoOwned {
        &self.certificate.tbs_certificate.subject_public_key_info
    }

    /// The subject's name as text (RFC 4514).
    pub(crate) fn name(&self) -> String {
        self.certificate.tbs_certificate.subject.to_string()
    }
}
