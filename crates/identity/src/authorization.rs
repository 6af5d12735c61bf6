//! What an `Authorization` header says: a bearer token, or a name and a password.
//!
//! Only the form is read here; whether a token or a password holds is the business of [`crate::oidc`] and
//! [`crate::password`].

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Longest value of the header that is read, in bytes.
pub const MOST_HEADER_BYTES: usize = 24 << 10;
/// Longest name or password, in bytes.
const MOST_TEXT_BYTES: usize = 1024;

/// Standard alphabet; some clients leave the padding out.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a caller shows of himself.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A token (RFC 6750 §2.1).
    Bearer(String),
    /// A name and a password (RFC 7617), both at most 1 KiB.
    Basic {
        /// The name: everything before the first colon.
        name: String,
        /// The password: everything after it.
        password: String,
    },
}

/// Why an `Authorization` header cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// Neither `Bearer` nor `Basic`.
    #[error("the scheme of the Authorization header is neither Bearer nor Basic")]
    UnknownScheme,
    /// Nothing, or more than one word, behind `Bearer`.
    #[error("the Authorization header must hold one token behind Bearer")]
    NoToken,
    /// Not base64 of a name, a colon and a password.
    #[error("the Authorization header must hold base64 of name:password in UTF-8 behind Basic")]
    NoPassword,
    /// Longer than [`MOST_HEADER_BYTES`], or a name or password above 1 KiB.
    #[error("the Authorization header is too long")]
    TooLong,
}

impl Credentials {
    /// Reads the value of an `Authorization` header. The word for the scheme counts in any letter case
    /// (RFC 9110 §11.1).
    ///
    /// # Errors
    /// [`CredentialsError`].
    pub fn read(header: &str) -> Result<Self, CredentialsError> {
        if header.len() > MOST_HEADER_BYTES {
            return Err(CredentialsError::TooLong);
        }
        let header = header.trim_matches([' ', '\t']);
        let (scheme, rest) = header.split_once([' ', '\t']).unwrap_or((header, ""));
        let rest = rest.trim_start_matches([' ', '\t']);
        if scheme.eq_ignore_ascii_case("bearer") {
            return bearer(rest);
        }
        if scheme.eq_ignore_ascii_case("basic") {
            return basic(rest);
        }
        Err(CredentialsError::UnknownScheme)
    }
}

fn bearer(token: &str) -> Result<Credentials, CredentialsError> {
    let one_word = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    if one_word { Ok(Credentials::Bearer(token.to_owned())) } else { Err(CredentialsError::NoToken) }
}

fn basic(pair: &str) -> Result<Credentials, CredentialsError> {
    let pair = LENIENT.decode(pair).map_err(|_| CredentialsError::NoPassword)?;
    let pair = String::from_utf8(pair).map_err(|_| CredentialsError::NoPassword)?;
    let (name, password) = pair.split_once(':').ok_or(CredentialsError::NoPassword)?;
    if pair.chars().any(char::is_control) {
        return Err(CredentialsError::NoPassword);
    }
    if name.len().max(password.len()) > MOST_TEXT_BYTES {
        return Err(CredentialsError::TooLong);
    }
    Ok(Credentials::Basic { name: name.to_owned(), password: password.to_owned() })
}

/// Shows the scheme and nothing secret.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Bearer(_) => "Bearer(..)",
            Self::Basic { .. } => "Basic(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn basic_of(name: &str, password: &str) -> Credentials {
        Credentials::Basic { name: name.to_owned(), password: password.to_owned() }
    }

    #[test]
    fn the_scheme_counts_in_any_letter_case() {
        for word in ["Bearer", "bearer", "BEARER", "bEaReR"] {
            let read = Credentials::read(&format!("{word} abc.def-_~+/="));
            assert_eq!(read, Ok(Credentials::Bearer("abc.def-_~+/=".to_owned())), "{word}");
        }
        for word in ["Basic", "basic", "BASIC"] {
            assert_eq!(
                Credentials::read(&format!("{word}  YWRtaW46aDppCg")),
                Err(CredentialsError::NoPassword)
            );
            assert_eq!(Credentials::read(&format!("{word}  YWRtaW46aDpp ")), Ok(basic_of("admin", "h:i")));
        }
    }

    #[test]
    fn what_is_no_credential_is_named() {
        let check = |header: &str, error| assert_eq!(Credentials::read(header), Err(error), "{header}");
        check("", CredentialsError::UnknownScheme);
        check("Digest x", CredentialsError::UnknownScheme);
        check("bearerabc", CredentialsError::UnknownScheme);
        check("Bearer", CredentialsError::NoToken);
        check("Bearer  ", CredentialsError::NoToken);
        check("Bearer a b", CredentialsError::NoToken);
        check("Bearer a,b", CredentialsError::NoToken);
        check("Bearer ä", CredentialsError::NoToken);
        check("Basic", CredentialsError::NoPassword);
        check("Basic !!", CredentialsError::NoPassword);
        check("Basic YWRtaW4=", CredentialsError::NoPassword); // admin, no colon
        check("Basic /zr/", CredentialsError::NoPassword); // not UTF-8
        check(&format!("Bearer {}", "a".repeat(MOST_HEADER_BYTES)), CredentialsError::TooLong);
        let long = BASE64_STANDARD.encode(format!("a:{}", "b".repeat(MOST_TEXT_BYTES + 1)));
        check(&format!("Basic {long}"), CredentialsError::TooLong);
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(format!("{:?}", basic_of("admin", "hush")), "Basic(..)");
    }

    proptest! {
        #[test]
        fn a_name_and_a_password_come_back(name in "[^:\\p{Cc}]{0,40}", password in "\\P{Cc}{0,40}") {
            let header = format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")));
            prop_assert_eq!(Credentials::read(&header), Ok(basic_of(&name, &password)));
        }

        #[test]
        fn whatever_comes_is_read_or_refused(header in "\\PC{0,80}") {
            let _ = Credentials::read(&header);
        }
    }
}
