//! Every byte of a token changed, one by one.

use base64::{Engine, prelude::BASE64_STANDARD};
use strongroom_anchor::rfc3161::{Certificates, verify_token};
use strongroom_kernel::ports::Anchor;

use super::authority::{TEXT, anchor, authority, write};

/// The ranges of `token` that equal `part`.
fn find(token: &[u8], part: &[u8]) -> std::ops::Range<usize> {
    let at = token.windows(part.len()).position(|window| window == part).expect("a part of the token");
    at..at + part.len()
}

#[tokio::test]
async fn a_changed_byte_is_found_or_changes_nothing() {
    let Some(authority) = authority() else { return };
    // Bytes that may change: two version numbers, the list of digest algorithms, parameters of algorithms; and,
    // where the authority sends its root along, that certificate, which the chain does not need.
    for (section, certificates, trusted, limit) in [
        ("rsa", Certificates::Omit, "rsa", 40),
        ("deep", Certificates::Include, "root", 40),
        ("rsa", Certificates::Include, "root", 1_000),
    ] {
        let mut settings = authority.settings(section, &[trusted]);
        settings.certificates = certificates;
        let trust = settings.trust.clone();
        let proof = anchor(settings).anchor(TEXT).await.expect("a stamp");
        let token = BASE64_STANDARD.decode(&proof.link).expect("base64");
        let stamp = verify_token(TEXT, &token, &trust).expect("untouched");
        let mut harmless = Vec::new();
        let mut changed = token.clone();
        for index in 0..token.len() {
            changed[index] ^= 1 << (index % 8);
            if let Ok(found) = verify_token(TEXT, &changed, &trust) {
                assert_eq!(found, stamp, "byte {index} changes what is attested");
                harmless.push(index);
            }
            changed[index] = token[index];
        }
        println!("{section} {certificates:?}: {} of {} bytes may change", harmless.len(), token.len());

        write(&authority.path("tampered.token"), &token);
        let content = authority.openssl(&format!(
            "cms -verify -noverify -inform DER -in tampered.token -certfile {section}.pem"
        ));
        let content = find(&token, &content);
        assert!(!harmless.iter().any(|index| content.contains(index)), "the stamp itself: {harmless:?}");
        assert!(harmless.len() < limit, "{harmless:?}");
    }
}

#[tokio::test]
async fn a_token_cut_short_or_continued_is_refused() {
    let Some(authority) = authority() else { return };
    let settings = authority.settings("p256", &["root"]);
    let trust = settings.trust.clone();
    let proof = anchor(settings).anchor(TEXT).await.expect("a stamp");
    let token = BASE64_STANDARD.decode(&proof.link).expect("base64");
    for length in 0..token.len() {
        verify_token(TEXT, &token[..length], &trust).expect_err("cut short");
    }
    let mut longer = token;
    longer.push(0);
    verify_token(TEXT, &longer, &trust).expect_err("continued");
}
