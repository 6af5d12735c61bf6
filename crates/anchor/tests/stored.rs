//! Tokens that were stored: those of every past version still hold. Needs no `openssl`.
//!
//! `fixtures/timestamp/v1` was made once by an authority of its own: `p384.answer` by way of an intermediate
//! certificate, with ECDSA and SHA-512; `rsa.answer` and `old.answer` without certificates, the latter with SHA-1
//! everywhere, as the original had its tokens made; `declined.answer` names an algorithm the authority does not take.

use std::fs;

use strongroom_anchor::rfc3161::{HashAlgorithm, Stamp, TokenError, Trust, read_answer, verify_token};
use strongroom_model::Timestamp;

fn fixture(name: &str) -> Vec<u8> {
    fs::read(format!("{}/../../fixtures/timestamp/v1/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

fn check(
    answer: &str,
    trusted: &str,
    micros: i64,
    serial_number: &str,
    imprint: HashAlgorithm,
    signer: &str,
) {
    let text = String::from_utf8(fixture("text")).expect("UTF-8");
    let token = read_answer(&fixture(answer)).expect(answer);
    let trust = Trust::read(&fixture(trusted)).expect(trusted);
    let expected = Stamp {
        time: Timestamp::from_micros(micros).expect("a time"),
        imprint,
        serial_number: serial_number.to_owned(),
        policy: "1.2.3.4.1".to_owned(),
        signer: format!("CN={signer},O=Strongroom fixtures"),
    };
    assert_eq!(verify_token(&text, &token, &trust).expect(answer), expected);
    let error = verify_token("another text", &token, &trust).expect_err(answer);
    assert!(matches!(error, TokenError::WrongText), "{error}");
}

#[test]
fn stored_tokens_still_hold() {
    let second = 1_795_272_134_000_000;
    check("p384.answer", "root.pem", second + 104_000, "0101", HashAlgorithm::Sha256, "p384");
    check("rsa.answer", "signer.pem", second + 120_000, "0102", HashAlgorithm::Sha256, "rsa");
    check("old.answer", "signer.pem", second + 147_000, "0103", HashAlgorithm::Sha1, "rsa");
}

#[test]
fn a_stored_refusal_still_says_why() {
    match read_answer(&fixture("declined.answer")) {
        Err(TokenError::Declined { status: 2, reason, passing: false }) => {
            assert_eq!(reason, "badAlg, Message digest algorithm is not supported.");
        }
        other => panic!("{other:?}"),
    }
}
