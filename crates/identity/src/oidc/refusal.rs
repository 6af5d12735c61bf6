//! Why a token lets nobody in, in words for the caller and for `WWW-Authenticate`.

use std::{fmt, time::Duration};

/// Why a token lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not hold: 401 with [`Invalid::challenge`].
    #[error("{0}")]
    Invalid(Invalid),
    /// Nobody can tell now, since the provider's keys are not known and it does not answer: 503 with `Retry-After`.
    #[error("the identity provider does not answer, try again")]
    Unavailable {
        /// When another try makes sense.
        retry_after: Duration,
    },
}

/// Why a token does not hold. The text is for the caller and holds nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Invalid {
    /// Above 16 KiB.
    TooLong,
    /// Not three parts of base64url with JSON objects in the first two, or something in its header that must be
    /// understood and is not.
    NotSigned,
    /// `none`, an HMAC, something unknown, or not allowed here.
    Algorithm,
    /// An ID token, a logout token and the like.
    Kind,
    /// `iss` is none of the configured issuers.
    Issuer,
    /// The issuer has no such key (any more).
    UnknownKey,
    /// The signature is another one.
    Signature,
    /// `exp` is past, or missing.
    Expired,
    /// `nbf` or `iat` is to come.
    NotYet,
    /// None of `aud` and `azp` is what is expected.
    Audience,
    /// `sub` is missing, empty, longer than 255 characters, or holds control characters.
    Subject,
    /// `exp`, `nbf` or `iat` is no number of seconds.
    Time,
    /// `cnf`: the caller would have to prove that he holds a key (RFC 7800), which is not asked for here.
    Bound,
}

impl Invalid {
    /// The text for the caller.
    pub const fn text(self) -> &'static str {
        match self {
            Self::TooLong => "the token is too long",
            Self::NotSigned => "the token is not a signed JWT",
            Self::Algorithm => "the token is signed with an algorithm that is not allowed",
            Self::Kind => "the token is not an access token",
            Self::Issuer => "the token was issued by somebody else",
            Self::UnknownKey => "the token is signed with a key its issuer does not have",
            Self::Signature => "the token's signature is wrong",
            Self::Expired => "the token has expired",
            Self::NotYet => "the token is not valid yet",
            Self::Audience => "the token is meant for somebody else",
            Self::Subject => "the token names no subject",
            Self::Time => "the token holds a time that cannot be read",
            Self::Bound => "the token is bound to a key, which is not supported",
        }
    }

    /// A short word for metrics and diagnostics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::NotSigned => "not_signed",
            Self::Algorithm => "algorithm",
            Self::Kind => "kind",
            Self::Issuer => "issuer",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::Expired => "expired",
            Self::NotYet => "not_yet",
            Self::Audience => "audience",
            Self::Subject => "subject",
            Self::Time => "time",
            Self::Bound => "bound",
        }
    }

    /// The value of `WWW-Authenticate` for this (RFC 6750 §3). `realm` must hold neither quotes nor backslashes.
    pub fn challenge(self, realm: &str) -> String {
        format!(r#"Bearer realm="{realm}", error="invalid_token", error_description="{self}""#)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl std::error::Error for Invalid {}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_says_what_is_wrong() {
        assert_eq!(
            Invalid::NotSigned.challenge("CHAIMELEON"),
            r#"Bearer realm="CHAIMELEON", error="invalid_token", error_description="the token is not a signed JWT""#
        );
    }
}
