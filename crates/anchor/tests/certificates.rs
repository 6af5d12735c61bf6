//! Signers that are not to be trusted, and files of certificates.

use base64::{Engine, prelude::BASE64_STANDARD};
use strongroom_anchor::rfc3161::{TokenError, Trust, TrustError, verify_token};
use strongroom_kernel::ports::{Anchor, PortErrorKind};

use super::authority::{Authority, TEXT, authority, write};

/// The content of a real token, signed anew by whoever is named, with the tool for signed mail.
fn resigned(authority: &Authority, stamp: &[u8], name: &str, signers: &[&str]) -> Vec<u8> {
    write(&authority.path(&format!("{name}.token")), stamp);
    authority.openssl(&format!("cms -verify -noverify -inform DER -in {name}.token -out {name}.content"));
    let signers: Vec<_> =
        signers.iter().map(|signer| format!("-signer {signer}.pem -inkey {signer}.key")).collect();
    authority.openssl(&format!(
        "cms -sign -binary -nodetach -nosmimecap -cades -md sha256 -econtent_type id-smime-ct-TSTInfo {} \
         -in {name}.content -outform DER",
        signers.join(" ")
    ))
}

async fn token(authority: &Authority) -> Vec<u8> {
    let proof = authority.anchor("rsa", &["root"]).anchor(TEXT).await.expect("a stamp");
    BASE64_STANDARD.decode(&proof.link).expect("base64")
}

#[tokio::test]
async fn a_stamp_of_another_root_is_refused() {
    let Some(authority) = authority() else { return };
    for (section, trusted) in [("rsa", "other"), ("deep", "other"), ("deep", "rsa"), ("rsa", "intermediate")]
    {
        let error = authority.anchor(section, &[trusted]).anchor(TEXT).await.expect_err("untrusted");
        assert_eq!(error.kind, PortErrorKind::Corrupt);
        assert!(error.to_string().ends_with("does not lead to a configured one"), "{error}");
    }
}

#[tokio::test]
async fn any_certificate_of_the_chain_can_be_the_trusted_one() {
    let Some(authority) = authority() else { return };
    for trusted in ["root", "intermediate", "deep"] {
        authority.anchor("deep", &["other", trusted]).anchor(TEXT).await.expect(trusted);
    }
}

#[tokio::test]
async fn a_signer_whose_certificate_had_expired_is_refused_even_when_trusted_itself() {
    let Some(authority) = authority() else { return };
    for trusted in ["root", "expired"] {
        let error = authority.anchor("expired", &[trusted]).anchor(TEXT).await.expect_err("expired");
        assert!(error.to_string().ends_with("was not valid at the time of the stamp"), "{error}");
    }
}

#[tokio::test]
async fn only_certificates_for_time_stamps_and_nothing_else_may_sign() {
    let Some(authority) = authority() else { return };
    let stamp = token(authority).await;
    let check = |signer: &str, fault: &str| {
        for trusted in ["root", signer] {
            let token = resigned(authority, &stamp, signer, &[signer]);
            let error = verify_token(TEXT, &token, &authority.trust(&[trusted])).expect_err(signer);
            assert!(error.to_string().contains(fault), "{signer}: {error}");
        }
    };
    check("both", "for something else, or for more");
    check("soft", "not critical");
    check("none", "no extended key usage");
    check("unusable", "no signatures");
    let token = resigned(authority, &stamp, "rsa", &["rsa"]);
    verify_token(TEXT, &token, &authority.trust(&["root"])).expect("the same way, by the right one");
}

#[tokio::test]
async fn a_token_has_one_signer() {
    let Some(authority) = authority() else { return };
    let token = resigned(authority, &token(authority).await, "two", &["rsa", "p256"]);
    let error = verify_token(TEXT, &token, &authority.trust(&["root"])).expect_err("two signers");
    assert!(matches!(error, TokenError::Broken("the token has not exactly one signer")), "{error}");
}

#[tokio::test]
async fn a_signer_may_be_named_by_the_identifier_of_his_key() {
    let Some(authority) = authority() else { return };
    write(&authority.path("keyid.token"), token(authority).await);
    authority.openssl("cms -verify -noverify -inform DER -in keyid.token -out keyid.content");
    let token = authority.openssl(
        "cms -sign -binary -nodetach -nosmimecap -cades -keyid -md sha256 -econtent_type id-smime-ct-TSTInfo \
         -signer rsa.pem -inkey rsa.key -in keyid.content -outform DER",
    );
    verify_token(TEXT, &token, &authority.trust(&["root"])).expect("a token");
}

#[tokio::test]
async fn a_signer_must_be_named_inside_the_signature() {
    let Some(authority) = authority() else { return };
    write(&authority.path("bare.token"), token(authority).await);
    authority.openssl("cms -verify -noverify -inform DER -in bare.token -out bare.content");
    let sign =
        "cms -sign -binary -nodetach -md sha256 -signer rsa.pem -inkey rsa.key -in bare.content -outform DER";
    let trust = authority.trust(&["root"]);
    let unnamed = authority.openssl(&format!("{sign} -nosmimecap -econtent_type id-smime-ct-TSTInfo"));
    let error = verify_token(TEXT, &unnamed, &trust).expect_err("unnamed");
    assert!(matches!(error, TokenError::Broken("the signer's certificate is not signed")), "{error}");
    let other_content = authority.openssl(&format!("{sign} -cades"));
    let error = verify_token(TEXT, &other_content, &trust).expect_err("other content");
    assert!(matches!(error, TokenError::Broken("the signed content is not a time stamp")), "{error}");
}

#[test]
fn certificates_are_read_from_pem_and_der() {
    let Some(authority) = authority() else { return };
    let der = authority.openssl("x509 -in root.pem -outform DER");
    Trust::read(&der).expect("DER");
    let mut pem = b"subject=CN = root\n".to_vec();
    pem.extend(authority.file("root.pem"));
    pem.extend(authority.file("rsa.pem"));
    Trust::read(&pem).expect("PEM");
    let cut = &der[..der.len() - 1];
    assert!(matches!(Trust::read(cut), Err(TrustError::Malformed { number: 1, .. })));
    for bytes in [&b""[..], b"nothing", b"-----BEGIN CERTIFICATE-----\n"] {
        assert!(matches!(Trust::read(bytes), Err(TrustError::NoCertificate)));
    }
    assert!(matches!(Trust::read(&authority.file("root.key")), Err(TrustError::NoCertificate)));
}
