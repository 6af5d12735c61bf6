//! Takes a token apart (JWS compact serialization, RFC 7515 §7.1); nothing in it is believed yet.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Algorithm, Invalid};

/// Longest token that is looked at, in bytes. Keycloak's with some hundred roles have about 8 KiB.
pub(super) const MOST_BYTES: usize = 16 << 10;
/// Longest `kid`, in bytes.
const MOST_KID_BYTES: usize = 512;

/// The parts of a signed token.
#[derive(Debug, Clone, PartialEq)]
pub struct Compact<'a> {
    /// `alg` of the header.
    pub(super) algorithm: Algorithm,
    /// `kid` of the header.
    pub(super) kid: Option<String>,
    /// What the payload says.
    pub(super) claims: Map<String, Value>,
    /// The text that was signed.
    pub(super) signed: &'a str,
    /// The signature.
    pub(super) signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
    b64: Option<Value>,
    enc: Option<Value>,
}

impl<'a> Compact<'a> {
    /// Takes `token` apart, whose algorithm must be one of `allowed`.
    ///
    /// # Errors
    /// [`Invalid::NotSigned`] when it is no signed JWT at all, [`Invalid::Algorithm`], [`Invalid::Kind`].
    pub fn read(token: &'a str, allowed: &[Algorithm]) -> Result<Self, Invalid> {
        if token.len() > MOST_BYTES {
            return Err(Invalid::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Invalid::NotSigned)?;
        let (header, payload) = signed.split_once('.').ok_or(Invalid::NotSigned)?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| Invalid::NotSigned);
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Invalid::NotSigned)?;
        // RFC 7515 §4.1.11: what must be understood and is not makes the token invalid
        if header.crit.is_some() || header.b64.is_some() || header.enc.is_some() {
            return Err(Invalid::NotSigned);
        }
        let algorithm = header.alg.parse().map_err(|_| Invalid::Algorithm)?;
        if !allowed.contains(&algorithm) {
            return Err(Invalid::Algorithm);
        }
        if !header.typ.as_deref().is_none_or(is_access_token) {
            return Err(Invalid::Kind);
        }
        if header.kid.as_ref().is_some_and(|kid| kid.len() > MOST_KID_BYTES) {
            return Err(Invalid::UnknownKey);
        }
        let claims = serde_json::from_slice(&decode(payload)?).map_err(|_| Invalid::NotSigned)?;
        let signature = decode(signature)?;
        Ok(Self { algorithm, kid: header.kid, claims, signed, signature })
    }
}

/// Whether a token of this `typ` may be an access token: `JWT`, or `at+jwt` of RFC 9068 §2.1.
fn is_access_token(typ: &str) -> bool {
    let bare = typ.get(..12).filter(|start| start.eq_ignore_ascii_case("application/"));
    let typ = bare.map_or(typ, |start| &typ[start.len()..]);
    ["jwt", "at+jwt"].iter().any(|known| typ.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(header: &str, payload: &str, signature: &[u8]) -> String {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        format!("{}.{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()), encode(signature))
    }

    #[test]
    fn the_parts_come_out() {
        let token = token(r#"{"alg":"RS256","kid":"k","typ":"JWT","x5t":"?"}"#, r#"{"sub":"jo"}"#, b"s");
        let compact = Compact::read(&token, &Algorithm::ALL).unwrap();
        assert_eq!((compact.algorithm, compact.kid.as_deref()), (Algorithm::Rs256, Some("k")));
        assert_eq!(compact.claims["sub"], "jo");
        assert_eq!(compact.signature, b"s");
        assert_eq!(compact.signed, token.rsplit_once('.').unwrap().0);
    }

    #[test]
    fn what_is_no_signed_access_token_is_refused() {
        let check = |token: &str, error| {
            assert_eq!(Compact::read(token, &Algorithm::ALL).map(drop), Err(error), "{token}");
        };
        for text in ["", ".", "..", "a.b", "a.b.c", "x", &token("[]", "{}", b""), &token("{}", "{}", b"")] {
            check(text, Invalid::NotSigned);
        }
        let fine = r#"{"alg":"ES256"}"#;
        check(&token(fine, "[]", b""), Invalid::NotSigned);
        check(&format!("{}.e30", token(fine, "{}", b"")), Invalid::NotSigned); // more than three parts
        check(&token(r#"{"alg":"ES256","crit":["exp"]}"#, "{}", b""), Invalid::NotSigned);
        check(&token(r#"{"alg":"ES256","b64":false}"#, "{}", b""), Invalid::NotSigned);
        check(&token(r#"{"alg":"RSA-OAEP","enc":"A128GCM"}"#, "{}", b""), Invalid::NotSigned);
        for alg in ["none", "HS256", "es256", "ES512"] {
            check(&token(&format!(r#"{{"alg":"{alg}"}}"#), "{}", b""), Invalid::Algorithm);
        }
        for typ in ["logout+jwt", "dpop+jwt", "application/", "Application/x", "ärgerlich+jwt"] {
            check(&token(&format!(r#"{{"alg":"ES256","typ":"{typ}"}}"#), "{}", b""), Invalid::Kind);
        }
        check(&"a".repeat(MOST_BYTES + 1), Invalid::TooLong);
        let kid = "k".repeat(MOST_KID_BYTES + 1);
        check(&token(&format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#), "{}", b""), Invalid::UnknownKey);
    }

    #[test]
    fn an_algorithm_that_is_not_allowed_is_refused() {
        let token = token(r#"{"alg":"RS256","typ":"Application/AT+JWT"}"#, "{}", b"");
        assert_eq!(Compact::read(&token, &[Algorithm::Es256]).map(drop), Err(Invalid::Algorithm));
        assert!(Compact::read(&token, &[Algorithm::Es256, Algorithm::Rs256]).is_ok());
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(token in "[A-Za-z0-9_.-]{0,200}") {
            let _ = Compact::read(&token, &Algorithm::ALL);
        }

        #[test]
        fn whatever_the_parts_are_they_are_read_or_refused(header in "\\PC{0,60}", payload in "\\PC{0,60}") {
            let _ = Compact::read(&token(&header, &payload, b"x"), &Algorithm::ALL);
        }
    }
}
