//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a request that must not be carried out twice.

use axum::http::{HeaderMap, HeaderName};
use strongroom_model::{Error, ErrorKind};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest key, in bytes.
const LONGEST: usize = 255;

/// The key that the client gave, if it gave one: 1 to 255 printable characters.
///
/// # Errors
/// `Unsupported` for any other key.
pub fn key(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    match key.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= LONGEST => Ok(Some(key)),
        _ => Err(Error::new(
            ErrorKind::Unsupported,
            "the idempotency key has no or more than 255 printable characters",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_printable_and_not_too_long() {
        let check = |value: &[u8], good: bool| {
            let headers = HeaderMap::from_iter([(IDEMPOTENCY_KEY, value.try_into().unwrap())]);
            assert_eq!(key(&headers).is_ok(), good, "{value:?}");
        };
        check(b"a", true);
        check(&[b'a'; 255], true);
        check(&[b'a'; 256], false);
        check(b"", false);
        check("ä".as_bytes(), false);
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
    }
}
