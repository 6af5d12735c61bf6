//! Bearer tokens: JSON web tokens that the original accepts and that are accepted from it.
//!
//! HS256 only, stateless. Who may have one is [`super::account`]'s business; time comes as a parameter.

use std::fmt::{self, Write as _};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use strongroom_model::Timestamp;

use super::json::{self, Object, Value, push_text};

/// The encoded header `{"alg":"HS256","typ":"JWT"}`: clients compare this very prefix.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// Why a request has no caller; the texts are those of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No `Authorization` header, or another scheme than `bearer`.
    #[error("Not authenticated")]
    NotAuthenticated,
    /// A token that is absent, malformed, not ours, expired or not yet valid.
    #[error("Could not validate credentials")]
    NotValid,
}

impl TokenError {
    /// The JSON body of the 401, which also carries `WWW-Authenticate: Bearer`.
    pub fn to_body(self) -> String {
        format!(r#"{{"detail":"{self}"}}"#)
    }
}

/// The secret that signs and checks tokens.
#[derive(Clone)]
pub struct TokenKey {
    hmac: Hmac<Sha256>,
    requires_end: bool,
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenKey(redacted)")
    }
}

impl TokenKey {
    /// The key of that secret; the empty one is accepted as the original does.
    pub fn new(secret: &str) -> Self {
        Self { hmac: keyed(secret.as_bytes()), requires_end: false }
    }

    /// This key, refusing tokens without `exp`, which the original lets hold for ever.
    #[must_use]
    pub fn requiring_end(self) -> Self {
        Self { requires_end: true, ..self }
    }

    /// Issues a token for `subject` that ends at `expires_at`, cut to whole seconds.
    pub fn issue(&self, subject: &str, expires_at: Timestamp) -> String {
        let mut claims = String::from("{\"sub\":");
        push_text(&mut claims, subject);
        let _infallible = write!(claims, ",\"exp\":{}}}", expires_at.micros().div_euclid(1_000_000));
        let mut token = format!("{HEADER}.");
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.hmac.clone().chain_update(&token).finalize().into_bytes();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }

    /// Checks a token and returns its subject, which is any string: it need not be an account's name.
    ///
    /// `exp` is optional and must be after `now`; `nbf` and `iat` must not be after it; `aud` and critical extensions
    /// are refused. Times are numbers or numeric strings, cut to whole seconds.
    ///
    /// # Errors
    /// [`TokenError::NotValid`], whatever is wrong.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<String, TokenError> {
        self.subject(token, now).ok_or(TokenError::NotValid)
    }

    /// Checks the value of an `Authorization` header as [`TokenKey::verify`] checks its token.
    ///
    /// # Errors
    /// [`TokenError`], by whether there was a bearer token at all.
    pub fn authenticate(&self, authorization: Option<&str>, now: Timestamp) -> Result<String, TokenError> {
        self.verify(bearer(authorization)?, now)
    }

    fn subject(&self, token: &str, now: Timestamp) -> Option<String> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.hmac.clone().chain_update(signed).verify_slice(&signature).ok()?;
        if header != HEADER {
            let header = URL_SAFE_NO_PAD.decode(header).ok()?;
            check_header(&read_object(&header)?)?;
        }
        let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
        let claims = read_object(&claims)?;
        if self.requires_end && claims.get("exp").is_none() {
            return None;
        }
        check_claims(&claims, now)
    }
}

fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret).expect("HMAC takes keys of any length")
}

/// The token of an `Authorization` header; its scheme may have any case, and the token may be empty.
fn bearer(authorization: Option<&str>) -> Result<&str, TokenError> {
    let authorization = authorization.unwrap_or_default();
    let (scheme, token) = authorization.split_once(' ').unwrap_or((authorization, ""));
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(TokenError::NotAuthenticated) }
}

fn read_object(text: &[u8]) -> Option<Object<'_>> {
    match json::parse(text) {
        Ok(Value::Object(object)) if std::str::from_utf8(text).is_ok() => Some(object),
        _ => None,
    }
}

fn check_header(header: &Object<'_>) -> Option<()> {
    let is_hs256 = header.get("alg") == Some(&Value::Text("HS256".into()));
    (is_hs256 && header.get("crit").is_none() && header.get("b64").is_none()).then_some(())
}

fn check_claims(claims: &Object<'_>, now: Timestamp) -> Option<String> {
    let now = i128::from(now.micros());
    let is_past = |name: &str| match claims.get(name) {
        None => Some(None),
        Some(value) => seconds(value).map(|seconds| Some(seconds * 1_000_000 <= now)),
    };
    let expired = is_past("exp")?.unwrap_or(false);
    let begun = is_past("nbf")?.unwrap_or(true) && is_past("iat")?.unwrap_or(true);
    match claims.get("sub") {
        Some(Value::Text(subject)) if begun && !expired && claims.get("aud").is_none() => {
            Some(subject.clone().into_owned())
        }
        _ => None,
    }
}

/// A time as Python's `int` takes it: a number cut towards zero, or the digits of one.
fn seconds(value: &Value<'_>) -> Option<i128> {
    #[expect(clippy::cast_possible_truncation, reason = "larger numbers saturate beyond every instant")]
    let seconds = match value {
        Value::Integer(digits) => i128::from(digits.parse::<i64>().ok()?),
        Value::Float(float) if float.is_finite() => i128::from(*float as i64),
        Value::Text(text) if !text.contains('.') => i128::from(super::scalar::parse_integer(text).ok()?),
        _ => return None,
    };
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::scalar::parse_instant;

    const SECRET: &str = "a secret of some length";

    fn now() -> Timestamp {
        parse_instant("2025-03-04T10:20:30.5Z").unwrap()
    }

    /// Seconds of [`now`], cut.
    const NOW: i64 = 1_741_083_630;

    fn sign(header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = TokenKey::new(SECRET).hmac.chain_update(&signed).finalize().into_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn with_claims(claims: &str) -> Result<String, TokenError> {
        TokenKey::new(SECRET).verify(&sign(r#"{"alg":"HS256","typ":"JWT"}"#, claims), now())
    }

    #[test]
    fn an_issued_token_has_the_originals_form() {
        let token = TokenKey::new(SECRET).issue("ka\"t", parse_instant("2025-03-04T10:35:30.9Z").unwrap());
        assert!(token.starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."), "{token}");
        assert_eq!(URL_SAFE_NO_PAD.decode(HEADER).unwrap(), br#"{"alg":"HS256","typ":"JWT"}"#);
        let claims = token.split('.').nth(1).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(claims).unwrap(), br#"{"sub":"ka\"t","exp":1741084530}"#);
        assert_eq!(TokenKey::new(SECRET).verify(&token, now()).as_deref(), Ok("ka\"t"));
        assert_eq!(TokenKey::new("another").verify(&token, now()), Err(TokenError::NotValid));
    }

    /// The example of RFC 7515 appendix A.1, whose header is spelled otherwise.
    #[test]
    fn a_token_from_elsewhere_is_checked_by_its_bytes() {
        let key = URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let key = TokenKey { hmac: keyed(&key), requires_end: false };
        let token = concat!(
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.",
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        );
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(key.hmac.clone().chain_update(signed).verify_slice(&signature).is_ok());
        assert_eq!(key.verify(token, now()), Err(TokenError::NotValid), "it has no subject");
    }

    #[test]
    fn times_are_compared_without_leeway() {
        let check = |claims: &str, valid: bool| {
            let claims = claims.replace("NOW", &NOW.to_string()).replace("NEXT", &(NOW + 1).to_string());
            assert_eq!(with_claims(&claims).is_ok(), valid, "{claims}");
        };
        check(r#"{"sub":"a"}"#, true);
        check(r#"{"sub":"a","exp":NEXT}"#, true);
        check(r#"{"sub":"a","exp":NOW}"#, false);
        check(r#"{"sub":"a","exp":"NEXT"}"#, true);
        check(r#"{"sub":"a","exp":" NEXT "}"#, true);
        check(r#"{"sub":"a","exp":"NOW"}"#, false);
        check(r#"{"sub":"a","exp":NEXT.5}"#, true);
        check(r#"{"sub":"a","exp":NOW.9}"#, false);
        check(r#"{"sub":"a","exp":"NEXT.0"}"#, false);
        check(r#"{"sub":"a","exp":1e300}"#, true);
        check(r#"{"sub":"a","exp":-1e300}"#, false);
        check(r#"{"sub":"a","exp":NaN}"#, false);
        check(r#"{"sub":"a","exp":null}"#, false);
        check(r#"{"sub":"a","exp":"soon"}"#, false);
        check(r#"{"sub":"a","nbf":NOW,"iat":NOW}"#, true);
        check(r#"{"sub":"a","nbf":NEXT}"#, false);
        check(r#"{"sub":"a","iat":NEXT}"#, false);
        check(r#"{"sub":"a","iat":[]}"#, false);
    }

    #[test]
    fn the_subject_is_any_string_and_must_be_one() {
        assert_eq!(with_claims(r#"{"sub":""}"#).as_deref(), Ok(""));
        assert_eq!(with_claims(r#"{"sub":"ä","x":{}}"#).as_deref(), Ok("ä"));
        for claims in ["{}", r#"{"sub":1}"#, r#"{"sub":null}"#, r#"{"sub":"a","aud":"b"}"#, "[]", "x"] {
            assert_eq!(with_claims(claims), Err(TokenError::NotValid), "{claims}");
        }
    }

    #[test]
    fn only_hs256_without_extensions_is_accepted() {
        let check = |header: &str, valid: bool| {
            let token = sign(header, r#"{"sub":"a"}"#);
            assert_eq!(TokenKey::new(SECRET).verify(&token, now()).is_ok(), valid, "{header}");
        };
        check(r#"{"alg":"HS256"}"#, true);
        check(r#"{"typ":"JWT","alg":"HS256","kid":"1"}"#, true);
        check(r#"{"alg":"hs256"}"#, false);
        check(r#"{"alg":"none"}"#, false);
        check(r#"{"alg":"HS512"}"#, false);
        check(r#"{"typ":"JWT"}"#, false);
        check(r#"{"alg":"HS256","crit":["b64"]}"#, false);
        check(r#"{"alg":"HS256","b64":false}"#, false);
    }

    #[test]
    fn malformed_and_altered_tokens_are_refused() {
        let token = sign(r#"{"alg":"HS256"}"#, r#"{"sub":"a"}"#);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        for altered in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            "a.b.c".to_owned(),
            signed.to_owned(),
            format!("{token}="),
            format!("{token}."),
            format!(" {token}"),
            format!("{signed}."),
            format!("{signed}.{}", &signature[1..]),
            format!("{signed}x.{signature}"),
            format!("{HEADER}.{}", token.split_once('.').unwrap().1),
        ] {
            assert_eq!(TokenKey::new(SECRET).verify(&altered, now()), Err(TokenError::NotValid), "{altered}");
        }
    }

    #[test]
    fn the_header_decides_which_401_it_is() {
        let key = TokenKey::new(SECRET);
        let token = sign(r#"{"alg":"HS256"}"#, r#"{"sub":"a"}"#);
        for scheme in ["bearer", "Bearer", "BEARER"] {
            assert_eq!(key.authenticate(Some(&format!("{scheme} {token}")), now()).as_deref(), Ok("a"));
        }
        for header in [None, Some(""), Some("Basic x"), Some("bearerx y"), Some(token.as_str())] {
            assert_eq!(key.authenticate(header, now()), Err(TokenError::NotAuthenticated), "{header:?}");
        }
        for header in ["bearer", "Bearer ", "bearer x"] {
            assert_eq!(key.authenticate(Some(header), now()), Err(TokenError::NotValid), "{header}");
        }
        assert_eq!(TokenError::NotValid.to_body(), r#"{"detail":"Could not validate credentials"}"#);
        assert_eq!(TokenError::NotAuthenticated.to_body(), r#"{"detail":"Not authenticated"}"#);
    }

    #[test]
    fn the_secret_is_never_printed() {
        assert_eq!(format!("{:?}", TokenKey::new(SECRET)), "TokenKey(redacted)");
    }

    proptest::proptest! {
        #[test]
        fn no_token_is_too_odd(token in "[A-Za-z0-9_.=-]{0,60}", header in proptest::prelude::any::<String>()) {
            proptest::prop_assert!(TokenKey::new(SECRET).verify(&token, now()).is_err());
            proptest::prop_assert!(TokenKey::new(SECRET).authenticate(Some(&header), now()).is_err());
        }
    }
}
