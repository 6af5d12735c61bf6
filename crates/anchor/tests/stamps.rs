//! Stamps that hold.

use base64::{Engine, prelude::BASE64_STANDARD};
use strongroom_anchor::rfc3161::{Certificates, HashAlgorithm, verify_token};
use strongroom_kernel::ports::{Anchor, AnchorProof, Clock, PortErrorKind, SystemClock};

use super::authority::{TEXT, anchor, authority, write};

#[tokio::test]
async fn every_kind_of_key_stamps_and_verifies() {
    let Some(authority) = authority() else { return };
    for section in ["rsa", "p256", "p384", "p384-512", "p521", "deep"] {
        let anchor = authority.anchor(section, &["root"]);
        let proof = anchor.anchor(TEXT).await.expect(section);
        assert_eq!(proof.provider.as_deref(), Some(&*authority.url(section)));
        anchor.check(TEXT, &proof).await.expect(section);
        let error = anchor.check("another text", &proof).await.expect_err(section);
        assert_eq!(error.kind, PortErrorKind::Corrupt);
        assert!(error.to_string().ends_with("it attests another text"), "{error}");
    }
}

#[tokio::test]
async fn every_imprint_can_be_asked_for() {
    let Some(authority) = authority() else { return };
    for imprint in [HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512]
    {
        let mut settings = authority.settings("rsa", &["root"]);
        settings.imprint = imprint;
        let anchor = anchor(settings);
        let proof = anchor.anchor(TEXT).await.expect("a stamp");
        assert_eq!(anchor.read(TEXT, &proof).expect("a stamp").imprint, imprint);
    }
}

#[tokio::test]
async fn a_stamp_tells_when_and_by_whom() {
    let Some(authority) = authority() else { return };
    let anchor = authority.anchor("deep", &["root"]);
    let before = SystemClock.now();
    let proof = anchor.anchor(TEXT).await.expect("a stamp");
    let stamp = anchor.read(TEXT, &proof).expect("a stamp");
    // The authority writes milliseconds.
    assert!(
        before.micros() / 1_000 <= stamp.time.micros() / 1_000 && stamp.time <= SystemClock.now(),
        "{stamp:?}"
    );
    assert_eq!((&*stamp.policy, &*stamp.signer), ("1.2.3.4.1", "CN=deep,O=Strongroom"));
    assert!(!stamp.serial_number.is_empty());
}

#[tokio::test]
async fn a_stored_proof_is_a_token_that_openssl_accepts() {
    let Some(authority) = authority() else { return };
    let proof = authority.anchor("deep", &["root"]).anchor(TEXT).await.expect("a stamp");
    write(&authority.path("token"), BASE64_STANDARD.decode(&proof.link).expect("base64"));
    write(&authority.path("text"), TEXT);
    authority
        .openssl("ts -verify -in token -token_in -data text -CAfile root.pem -untrusted intermediate.pem");
}

#[tokio::test]
async fn a_token_without_certificates_needs_the_signers_configured() {
    let Some(authority) = authority() else { return };
    let mut settings = authority.settings("rsa", &["rsa"]);
    settings.certificates = Certificates::Omit;
    let bare = anchor(settings.clone());
    let proof = bare.anchor(TEXT).await.expect("a stamp");
    assert!(proof.link.len() < 1_400, "a token without certificates is short, not {}", proof.link.len());
    bare.check(TEXT, &proof).await.expect("the signer itself is trusted");
    authority.anchor("rsa", &["root", "rsa"]).check(TEXT, &proof).await.expect("as is its root");
    let error = authority.anchor("rsa", &["root"]).check(TEXT, &proof).await.expect_err("no signer");
    assert!(error.to_string().contains("neither in the token nor configured"), "{error}");
}

#[tokio::test]
async fn old_tokens_on_sha1_are_verified_and_new_ones_refused() {
    let Some(authority) = authority() else { return };
    let mut settings = authority.settings("old", &["rsa"]);
    settings.certificates = Certificates::Omit;
    settings.imprint = HashAlgorithm::Sha1;
    let proof = anchor(settings.clone()).anchor(TEXT).await.expect("asked for, so accepted");
    let token = BASE64_STANDARD.decode(&proof.link).expect("base64");
    let stamp = verify_token(TEXT, &token, &settings.trust).expect("an old token");
    assert_eq!(stamp.imprint, HashAlgorithm::Sha1);
    settings.imprint = HashAlgorithm::Sha256;
    let strict = anchor(settings);
    strict.check(TEXT, &proof).await.expect("stored tokens outlive algorithms");
    let error = strict.anchor(TEXT).await.expect_err("signed with sha1");
    assert!(error.to_string().ends_with("it rests on sha1"), "{error}");
}

#[tokio::test]
async fn proofs_of_others_are_told_from_proofs_that_do_not_hold() {
    let Some(authority) = authority() else { return };
    let anchor = authority.anchor("rsa", &["root"]);
    let nobodys = AnchorProof { link: "0b8a4d5e-8e0c-4e0b-9d55-5d0e2b0a9f77".to_owned(), provider: None };
    assert_eq!(anchor.check(TEXT, &nobodys).await.expect_err("nobody").kind, PortErrorKind::Refused);
    for link in ["not base64", "", "AAAA", "MAA="] {
        let proof = AnchorProof { link: link.to_owned(), provider: Some(authority.url("rsa")) };
        assert_eq!(anchor.check(TEXT, &proof).await.expect_err(link).kind, PortErrorKind::Corrupt);
    }
}
