//! Answers of time-stamp authorities, and tokens: whatever is accepted is one of the genuine stamps.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use strongroom_anchor::rfc3161::{Trust, read_answer, verify_token};

const TEXT: &str = include_str!("../../fixtures/timestamp/v1/text");
/// The numbers of the stamps that the authority of the fixtures gave.
const GENUINE: [&str; 3] = ["0101", "0102", "0103"];

static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let pem = [
        include_str!("../../fixtures/timestamp/v1/root.pem"),
        include_str!("../../fixtures/timestamp/v1/signer.pem"),
    ];
    Trust::read(pem.concat().as_bytes()).expect("the fixtures are certificates")
});

fuzz_target!(|bytes: &[u8]| {
    let token = read_answer(bytes);
    for token in token.iter().map(Vec::as_slice).chain([bytes]) {
        if let Ok(stamp) = verify_token(TEXT, token, &TRUST) {
            assert!(GENUINE.contains(&&*stamp.serial_number), "{stamp:?}");
        }
    }
    let _ = Trust::read(bytes);
});
