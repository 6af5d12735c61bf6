//! Authorities that decline, stay silent, or answer nonsense.

use strongroom_anchor::{Rfc3161, rfc3161::HashAlgorithm};
use strongroom_kernel::ports::{Anchor, PortError, PortErrorKind};

use super::authority::{TEXT, anchor, anchor_within, authority, impatient};

async fn error_at(path: &str) -> Option<PortError> {
    let authority = authority()?;
    let anchor = anchor_within(authority.settings(path, &["root"]), impatient());
    Some(anchor.anchor(TEXT).await.expect_err(path))
}

async fn check(path: &str, kind: PortErrorKind, text: &str) {
    let Some(error) = error_at(path).await else { return };
    assert_eq!(error.kind, kind, "{path}: {error}");
    assert!(error.to_string().contains(text), "{path}: {error}");
}

#[tokio::test]
async fn an_authority_that_declines_is_quoted() {
    check("picky", PortErrorKind::Refused, "declined with status 2: badAlg, ").await;
    let Some(authority) = authority() else { return };
    let mut settings = authority.settings("picky", &["root"]);
    settings.imprint = HashAlgorithm::Sha512;
    anchor(settings).anchor(TEXT).await.expect("what it takes");
}

#[tokio::test]
async fn an_authority_that_stays_silent_costs_no_more_than_the_time_allowed() {
    check("silence", PortErrorKind::Unavailable, "no answer in time").await;
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let Some(authority) = authority() else { return };
    let error = authority.anchor("endless", &["root"]).anchor(TEXT).await.expect_err("endless");
    assert_eq!(error.kind, PortErrorKind::Refused);
    assert!(error.to_string().contains("longer than"), "{error}");
}

#[tokio::test]
async fn statuses_of_http_are_told_apart() {
    check("500", PortErrorKind::Unavailable, "status 500").await;
    check("404", PortErrorKind::Refused, "status 404").await;
}

#[tokio::test]
async fn nonsense_is_refused() {
    check("empty", PortErrorKind::Corrupt, "the answer cannot be read").await;
    check("html", PortErrorKind::Corrupt, "the answer cannot be read").await;
}

#[tokio::test]
async fn an_answer_to_an_earlier_request_is_refused() {
    let Some(authority) = authority() else { return };
    let anchor = authority.anchor("replay", &["root"]);
    anchor.anchor(TEXT).await.expect("the first is genuine");
    let error = anchor.anchor(TEXT).await.expect_err("replayed");
    assert!(error.to_string().ends_with("it answers another request"), "{error}");
    let error = anchor.anchor("another text").await.expect_err("replayed");
    assert!(error.to_string().ends_with("it attests another text"), "{error}");
}

#[tokio::test]
async fn a_redirect_is_followed() {
    let Some(authority) = authority() else { return };
    let proof = authority.anchor("moved", &["root"]).anchor(TEXT).await.expect("a stamp");
    assert_eq!(proof.provider, Some(authority.url("moved")));
}

#[tokio::test]
async fn an_authority_that_is_not_there_is_unavailable() {
    let Some(authority) = authority() else { return };
    let mut settings = authority.settings("rsa", &["root"]);
    // Port 9 of this machine: nobody listens.
    settings.url = "http://127.0.0.1:9".to_owned();
    let anchor: Rfc3161 = anchor(settings);
    assert_eq!(anchor.provider(), Some("http://127.0.0.1:9/"));
    assert_eq!(anchor.anchor(TEXT).await.expect_err("nobody").kind, PortErrorKind::Unavailable);
}
