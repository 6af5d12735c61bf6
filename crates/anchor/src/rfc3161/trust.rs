//! The certificates an operator trusts for time stamps.

use std::time::Duration;

use der::Decode;
use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject};
use strongroom_model::Timestamp;
use webpki::{EndEntityCert, KeyUsage};
use x509_cert::Certificate;

use super::{error::TokenError, signature};

/// `id-kp-timeStamping` (RFC 3161 §2.3), as content of an object identifier.
const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];

/// Certificates in which chains may end: roots, intermediate ones, or those of authorities themselves.
///
/// A chain ends at any of them, whatever their own dates. Revocation is not asked: tokens outlive the lists.
#[derive(Debug, Clone)]
pub struct Trust {
    certificates: Vec<CertificateDer<'static>>,
}

/// Why a file of certificates is of no use.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Neither PEM nor DER, or without a certificate.
    #[error("read certificates: expected one in DER or several in PEM")]
    NoCertificate,
    /// One of them cannot be read.
    #[error("read certificate number {number}")]
    Malformed {
        /// Its place in the file, from 1.
        number: usize,
        /// What is wrong.
        #[source]
        source: der::Error,
    },
}

impl Trust {
    /// Reads one certificate in DER, or any number in PEM with anything between them.
    ///
    /// # Errors
    /// When there is none, or one that is not a certificate.
    pub fn read(bytes: &[u8]) -> Result<Self, TrustError> {
        let certificates = if bytes.first() == Some(&0x30) {
            vec![CertificateDer::from(bytes.to_vec())]
        } else {
            let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
            found.map_err(|_| TrustError::NoCertificate)?
        };
        if certificates.is_empty() {
            return Err(TrustError::NoCertificate);
        }
        for (certificate, number) in certificates.iter().zip(1..) {
            Certificate::from_der(certificate).map_err(|source| TrustError::Malformed { number, source })?;
        }
        Ok(Self { certificates })
    }

    /// The certificates, each in DER.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.certificates.iter().map(AsRef::as_ref)
    }

    /// Follows the chain from `signer` by way of `others` to a trusted certificate, at `time`.
    ///
    /// A signer that is trusted itself needs no chain.
    pub(crate) fn check_chain(
        &self,
        signer: &[u8],
        others: &[Vec<u8>],
        time: Timestamp,
    ) -> Result<(), TokenError> {
        if self.certificates().any(|trusted| trusted == signer) {
            return Ok(());
        }
        let signer = CertificateDer::from(signer);
        let signer = EndEntityCert::try_from(&signer).map_err(TokenError::Untrusted)?;
        // One that cannot be an anchor cannot end a chain; the others may.
        let anchors: Vec<_> = self
            .certificates
            .iter()
            .filter_map(|trusted| webpki::anchor_from_trusted_cert(trusted).ok())
            .collect();
        let others: Vec<_> = others.iter().map(|other| CertificateDer::from(other.as_slice())).collect();
        let since_epoch = Duration::from_micros(u64::try_from(time.micros()).unwrap_or(0));
        // `required` would ask for the purpose on intermediate certificates, where it need not be.
        let usage = KeyUsage::required_if_present(TIME_STAMPING);
        signer
            .verify_for_usage(
                &signature::of_certificates(),
                &anchors,
                &others,
                UnixTime::since_unix_epoch(since_epoch),
                usage,
                None,
                None,
            )
            .map(drop)
            .map_err(TokenError::Untrusted)
    }
}
