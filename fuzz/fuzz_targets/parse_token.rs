//! Bearer tokens and key sets of identity providers: taken apart or refused, and a header read the same way twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_identity::{
    Credentials,
    oidc::{Algorithm, Compact, KeySet},
};

fuzz_target!(|input: &[u8]| {
    let _ = KeySet::read(input);
    let Ok(text) = std::str::from_utf8(input) else { return };
    let token = Compact::read(text, &Algorithm::ALL);
    if let Ok(Credentials::Bearer(shown)) = Credentials::read(&format!("bearer {text}")) {
        // what the header holds is the token itself, but for white space around it
        assert_eq!(Compact::read(&shown, &Algorithm::ALL).is_ok(), Compact::read(text.trim(), &Algorithm::ALL).is_ok());
    } else {
        // base64url and dots are one word, which a header can hold
        assert!(token.is_err() || text.len() > strongroom_identity::MOST_HEADER_BYTES - 7);
    }
});
