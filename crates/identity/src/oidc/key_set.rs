//! The public keys of a provider (JWK Set, RFC 7517 §5).

use serde::Deserialize;
use serde_json::Value;

use super::{
    Algorithm,
    jwk::{Jwk, Key},
};

/// Longest document of a provider, in bytes.
pub(super) const MOST_DOCUMENT_BYTES: usize = 256 << 10;
/// Most keys of a set that are kept.
const MOST_KEYS: usize = 64;

/// The keys of a set that check signatures; others in it are passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

/// Why a document is no key set that helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Longer than 256 KiB.
    #[error("the key set is longer than 256 KiB")]
    TooLong,
    /// No JSON object with a list `keys`.
    #[error("the key set is no JSON object with a list of keys")]
    Malformed,
    /// No key in it checks signatures of an algorithm we have.
    #[error("no key of the key set can check signatures")]
    Empty,
}

/// What a key set knows of the key a token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// The one.
    Key(&'a Key),
    /// None, so far.
    Unknown,
}

impl KeySet {
    /// Reads a key set, keeping the first 64 keys of use.
    ///
    /// # Errors
    /// [`KeySetError`].
    pub fn read(document: &[u8]) -> Result<Self, KeySetError> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        if document.len() > MOST_DOCUMENT_BYTES {
            return Err(KeySetError::TooLong);
        }
        let set: Set = serde_json::from_slice(document).map_err(|_| KeySetError::Malformed)?;
        let keys = set.keys.into_iter().filter_map(|key| Key::of(&serde_json::from_value::<Jwk>(key).ok()?));
        let keys: Vec<Key> = keys.take(MOST_KEYS).collect();
        if keys.is_empty() { Err(KeySetError::Empty) } else { Ok(Self(keys)) }
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none; never so for a set that was read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key named `kid` that fits `algorithm`. A token that names none is fine while only one key fits
    /// (OpenID Connect Core §10.1).
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Found<'_> {
        let named = |key: &&Key| kid.is_none() || key.kid.as_deref() == kid;
        let mut fitting = self.0.iter().filter(named).filter(|key| key.fits(algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Found::Key(key),
            // two keys of one name: a provider's mistake, and not ours to choose
            _ => Found::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const X: &str = "VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVU";

    fn read(keys: &Value) -> Result<KeySet, KeySetError> {
        KeySet::read(&serde_json::to_vec(&json!({"keys": keys, "more": 1})).unwrap())
    }

    #[test]
    fn useless_keys_are_passed_over_and_the_others_kept() {
        let set = read(&json!([
            {"kty": "RSA", "use": "enc"}, 7, {"kty": 3}, {},
            {"kty": "OKP", "crv": "Ed25519", "x": X, "kid": "a"},
            {"kty": "EC", "crv": "P-256", "x": X, "y": X, "kid": "b"},
        ]));
        let set = set.unwrap();
        assert_eq!((set.len(), set.is_empty()), (2, false));
        let kid = |kid, algorithm| match set.find(kid, algorithm) {
            Found::Key(key) => key.kid.clone(),
            Found::Unknown => None,
        };
        assert_eq!(kid(Some("a"), Algorithm::EdDsa).as_deref(), Some("a"));
        assert_eq!(kid(Some("a"), Algorithm::Es256), None);
        assert_eq!(kid(Some("c"), Algorithm::EdDsa), None);
        assert_eq!(kid(None, Algorithm::EdDsa).as_deref(), Some("a"));
        assert_eq!(kid(None, Algorithm::Es256).as_deref(), Some("b"));
    }

    #[test]
    fn nothing_is_chosen_between_keys_that_both_fit() {
        let key = |kid: &str| json!({"kty": "OKP", "crv": "Ed25519", "x": X, "kid": kid});
        let set = read(&json!([key("a"), key("b"), key("b")])).unwrap();
        assert_eq!(set.find(None, Algorithm::EdDsa), Found::Unknown);
        assert_eq!(set.find(Some("b"), Algorithm::EdDsa), Found::Unknown);
        assert!(matches!(set.find(Some("a"), Algorithm::EdDsa), Found::Key(_)));
    }

    #[test]
    fn what_helps_nobody_is_an_error() {
        assert_eq!(read(&json!([])), Err(KeySetError::Empty));
        assert_eq!(read(&json!([{"kty": "oct", "k": "AAAA"}])), Err(KeySetError::Empty));
        for text in ["", "[]", "{}", r#"{"keys":{}}"#, "<html>"] {
            assert_eq!(KeySet::read(text.as_bytes()), Err(KeySetError::Malformed), "{text}");
        }
        assert_eq!(KeySet::read(&vec![b' '; MOST_DOCUMENT_BYTES + 1]), Err(KeySetError::TooLong));
        let many: Vec<Value> =
            (0..100).map(|n| json!({"kty": "OKP", "crv": "Ed25519", "x": X, "kid": n.to_string()})).collect();
        assert_eq!(read(&many.into()).unwrap().len(), MOST_KEYS);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = KeySet::read(text.as_bytes());
        }
    }
}
