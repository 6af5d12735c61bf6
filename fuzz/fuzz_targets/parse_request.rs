//! The small things of a request: query strings, scalars, login forms and tokens.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_bytes::wire::{form::Login, query::Query, scalar, token::TokenKey};

fuzz_target!(|bytes: &[u8]| {
    for content_type in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=X"] {
        let _ = Login::from_body(Some(content_type), bytes);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut query = Query::new(text);
    query.count("a", 1);
    query.boolean("a");
    query.uuids("a");
    query.texts("a");
    let _ = query.finish();
    let _ = scalar::parse_integer(text);
    let now = scalar::parse_instant("2025-03-04T10:20:30Z").expect("an instant");
    if let Ok(instant) = scalar::parse_instant(text) {
        let mut out = String::new();
        scalar::push_instant(&mut out, instant);
        assert_eq!(scalar::parse_instant(&out), Ok(instant));
    }
    assert!(TokenKey::new("secret").authenticate(Some(text), now).is_err());
});
