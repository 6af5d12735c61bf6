//! What a provider says of itself (OpenID Connect Discovery 1.0 §3 and §4).

use serde::Deserialize;

use super::key_set::MOST_DOCUMENT_BYTES;

/// Longest address a provider may name, in bytes.
const MOST_URL_BYTES: usize = 2048;

/// Where the document of `issuer` is.
pub(super) fn url_of(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

/// Why what a provider says of itself cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum DiscoveryError {
    #[error("the discovery document is no JSON object with `issuer` and `jwks_uri`")]
    Malformed,
    #[error("the provider calls itself {0}, which is not the configured issuer")]
    OtherIssuer(String),
    #[error("the provider's keys are not at an https address")]
    Insecure,
}

/// The address of the keys, from the document of `issuer` that was found at `place`.
///
/// The names must be the same to the letter (§4.3), and a provider reached by TLS must have its keys there too.
pub(super) fn keys_url(document: &[u8], place: &str, issuer: &str) -> Result<String, DiscoveryError> {
    #[derive(Deserialize)]
    struct Document {
        issuer: String,
        jwks_uri: String,
    }
    if document.len() > MOST_DOCUMENT_BYTES {
        return Err(DiscoveryError::Malformed);
    }
    let document: Document = serde_json::from_slice(document).map_err(|_| DiscoveryError::Malformed)?;
    if document.issuer != issuer {
        // shown to operators only; bounded, since it is another's text
        let shown = document.issuer.chars().filter(|one| !one.is_control()).take(200).collect();
        return Err(DiscoveryError::OtherIssuer(shown));
    }
    let url = document.jwks_uri;
    let schemes: &[&str] =
        if place.starts_with("https://") { &["https://"] } else { &["https://", "http://"] };
    if url.len() > MOST_URL_BYTES {
        return Err(DiscoveryError::Malformed);
    }
    if !schemes.iter().any(|scheme| url.starts_with(scheme)) {
        return Err(DiscoveryError::Insecure);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"issuer":"https://idp/realms/R","jwks_uri":"https://idp/keys","x":[1]}"#;

    #[test]
    fn the_document_is_below_the_issuer() {
        let expected = "https://idp/realms/R/.well-known/openid-configuration";
        assert_eq!(url_of("https://idp/realms/R"), expected);
        assert_eq!(url_of("https://idp/realms/R/"), expected);
    }

    #[test]
    fn the_keys_are_found_if_the_issuer_is_the_configured_one() {
        let check = |document: &str, issuer: &str| keys_url(document.as_bytes(), "https://idp/x", issuer);
        assert_eq!(check(DOCUMENT, "https://idp/realms/R"), Ok("https://idp/keys".to_owned()));
        let other = DiscoveryError::OtherIssuer("https://idp/realms/R".to_owned());
        for issuer in ["https://idp/realms/R/", "https://idp/realms/r", "https://other/realms/R"] {
            assert_eq!(check(DOCUMENT, issuer), Err(other.clone()), "{issuer}");
        }
        for document in ["", "[]", "{}", r#"{"issuer":"https://idp/realms/R"}"#] {
            assert_eq!(check(document, "https://idp/realms/R"), Err(DiscoveryError::Malformed), "{document}");
        }
    }

    #[test]
    fn keys_are_not_taken_from_a_less_safe_place() {
        let check = |keys: &str, place: &str| {
            let document = DOCUMENT.replace("https://idp/keys", keys);
            keys_url(document.as_bytes(), place, "https://idp/realms/R")
        };
        assert_eq!(check("http://idp/keys", "https://idp/x"), Err(DiscoveryError::Insecure));
        assert_eq!(check("http://idp/keys", "http://idp/x"), Ok("http://idp/keys".to_owned()));
        assert_eq!(check("https://idp/keys", "http://idp/x"), Ok("https://idp/keys".to_owned()));
        assert_eq!(check("file:///etc/keys", "http://idp/x"), Err(DiscoveryError::Insecure));
        let long = format!("http://idp/{}", "k".repeat(MOST_URL_BYTES));
        assert_eq!(check(&long, "http://idp/x"), Err(DiscoveryError::Malformed));
    }
}
