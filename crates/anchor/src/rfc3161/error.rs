//! Why a time stamp does not hold.

use strongroom_kernel::ports::{PortError, PortErrorKind};

/// What is wrong with an authority's answer or a token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The authority declined.
    #[error("the authority declined with status {status}: {reason}")]
    Declined {
        /// `PKIStatus` (RFC 3161 §2.4.2), never 0 or 1.
        status: u32,
        /// Its own words and the names of its reasons, as far as it gave any.
        reason: String,
        /// Whether it says that it cannot now, rather than that it will not.
        passing: bool,
    },
    /// Not the ASN.1 it should be.
    #[error("{0} cannot be read")]
    Malformed(&'static str, #[source] der::Error),
    /// Well-formed, but against a rule of the RFCs.
    #[error("{0}")]
    Broken(&'static str),
    /// For another text.
    #[error("it attests another text")]
    WrongText,
    /// An answer to another question.
    #[error("it answers another request")]
    WrongNonce,
    /// Rests on SHA-1 where that is not accepted.
    #[error("it rests on sha1")]
    Weak,
    /// An algorithm we do not know.
    #[error("{0} uses an algorithm that is not supported")]
    Unsupported(&'static str),
    /// Neither in the token nor configured.
    #[error("the signer's certificate is neither in the token nor configured")]
    NoSigner,
    /// Not a certificate of a time-stamp authority.
    #[error("the signer's certificate is not for time stamps: {0}")]
    NotForTimeStamps(&'static str),
    /// Not valid at the time of the stamp.
    #[error("the signer's certificate was not valid at the time of the stamp")]
    NotValidThen,
    /// The signature is not the signer's.
    #[error("the signature does not hold")]
    WrongSignature,
    /// No chain from the signer to a configured certificate.
    #[error("the signer's certificate does not lead to a configured one")]
    Untrusted(#[source] webpki::Error),
}

impl TokenError {
    /// As an error of the port, while doing `context`.
    pub(crate) fn port(self, context: &str) -> PortError {
        let kind = match self {
            Self::Declined { passing: true, .. } => PortErrorKind::Unavailable,
            Self::Declined { passing: false, .. } => PortErrorKind::Refused,
            _ => PortErrorKind::Corrupt,
        };
        PortError::new(kind, format!("{context}: {self}")).with_source(self)
    }
}

/// Shorthand: `bytes.map_err(malformed("the token"))`.
pub(crate) fn malformed(what: &'static str) -> impl Fn(der::Error) -> TokenError {
    move |error| TokenError::Malformed(what, error)
}
