//! `POST /token`, and what tokens open.

use std::time::Duration;

use axum::{body::Body, http::Method};

use strongroom_bytes::{
    SCHEMA,
    config::{BytesConfig, Secret},
    wire::event::RAW_FILE_RECEIVED,
};
use strongroom_testkit::TestPlatform;

use crate::common::{Service, config};

const PROTECTED: &str = "/bytes/mime_types";

/// The claims `{"sub":"kat"}`, signed with the secret of the tests.
const ENDLESS: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
    "eyJzdWIiOiJrYXQifQ",
    ".tA6p8BRs63p-Ll7gGFFEvcOZjtrM2f6jIZappGPNxYs"
);

#[tokio::test]
async fn a_login_gives_a_token_whose_header_is_the_originals_trap_2() {
    let service = Service::start().await;
    let reply = service.login("kat", "hush").await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    assert!(body["access_token"].as_str().unwrap().starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."));
    assert_eq!(body["token_type"], "bearer");
    assert_eq!(body["expires_at"], "2025-03-04T10:35:42.017305+00:00");
    assert!(reply.header("strongroom-receipt").unwrap().starts_with("origin=\"test.example/strongroom\""));
}

#[tokio::test]
async fn a_wrong_login_is_refused_and_counted() {
    let service = Service::start().await;
    for (username, password) in [("kat", "wrong"), ("nobody", "hush")] {
        let reply = service.login(username, password).await;
        assert_eq!(reply.to_string(), r#"401 {"detail":"Incorrect username or password"}"#);
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(service.leaves().await, ["log_in by kat", "log_in by stranger: denied x2"]);
}

#[tokio::test]
async fn a_multipart_login_is_a_login_trap_34() {
    let service = Service::start().await;
    let body = "--X\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nkat\r\n\
                --X\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhush\r\n--X--\r\n";
    let headers = [("content-type", "multipart/form-data; boundary=X")];
    let reply = service.ask_as(Method::POST, "/token", &headers, body).await;
    assert_eq!(reply.status, 200, "{reply}");
}

#[tokio::test]
async fn a_login_that_is_no_form_is_422_in_the_originals_form_trap_3() {
    let service = Service::start().await;
    for headers in [&[][..], &[("content-type", "application/json")][..]] {
        let reply = service.ask_as(Method::POST, "/token", headers, r#"{"username":"kat"}"#).await;
        assert_eq!(reply.status, 422);
        let body = reply.json();
        assert_eq!(body.as_object().unwrap().len(), 1);
        assert!(body["value"].as_str().unwrap().contains("('body', 'username')"), "{reply}");
    }
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let reply =
        service.ask_as(Method::POST, "/token", &headers, "username=kat&password=hush&grant_type=").await;
    assert_eq!(reply.status, 422);
}

#[tokio::test]
async fn the_scheme_of_the_header_may_have_any_case_trap_4() {
    let service = Service::start().await;
    for scheme in ["bearer", "Bearer", "BEARER"] {
        let header = format!("{scheme} {}", service.token);
        let reply =
            service.ask_as(Method::GET, PROTECTED, &[("authorization", &header)], Body::empty()).await;
        assert_eq!(reply.to_string(), "200 {}");
    }
}

#[tokio::test]
async fn what_is_no_token_is_401_with_the_originals_words() {
    let service = Service::start().await;
    let none = r#"401 {"detail":"Not authenticated"}"#;
    let bad = r#"401 {"detail":"Could not validate credentials"}"#;
    let basic = [("authorization", "Basic a2F0")];
    for (headers, expected) in [
        (&[][..], none),
        (&basic[..], none),
        (&[("authorization", "bearer")][..], bad),
        (&[("authorization", "bearer x.y.z")][..], bad),
    ] {
        let reply = service.ask_as(Method::GET, PROTECTED, headers, Body::empty()).await;
        assert_eq!(reply.to_string(), expected);
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(service.leaves().await, ["log_in by kat", "read_metadata by stranger: denied x4"]);
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_up() {
    let service = Service::start().await;
    service.platform.clock.advance(Duration::from_secs(15 * 60 - 1));
    assert_eq!(service.get(PROTECTED).await.status, 200);
    service.platform.clock.advance(Duration::from_secs(1));
    assert_eq!(service.get(PROTECTED).await.status, 401);
}

#[tokio::test]
async fn a_strangers_body_is_read_for_its_syntax_first() {
    let service = Service::start().await;
    let ask = |body: String| service.stranger(Method::POST, "/bytes/boefje_meta", body);
    assert_eq!(ask("{".to_owned()).await.status, 422);
    assert_eq!(ask("\u{1}".to_owned()).await.status, 422);
    assert_eq!(ask("{}".to_owned()).await.status, 401);
    assert_eq!(ask(String::new()).await.status, 401);
    assert_eq!(
        ask("[".repeat(1_500)).await.to_string(),
        r#"400 {"detail":"There was an error parsing the body"}"#
    );
    assert_eq!(ask(format!("{{{}", " ".repeat(70_000))).await.status, 401);
    let text = [("content-type", "text/plain")];
    assert_eq!(service.ask_as(Method::POST, "/bytes/boefje_meta", &text, "{").await.status, 401);
}

#[tokio::test]
async fn further_accounts_log_in_and_are_told_apart_in_the_ledger() {
    let platform = TestPlatform::start(SCHEMA, RAW_FILE_RECEIVED).await;
    let further = [("rocky".to_owned(), Secret::new("stone"))];
    let config = BytesConfig { accounts: further.into(), ..config() };
    let service = Service::with(platform, config).await;
    assert_eq!(service.login("rocky", "stone").await.status, 200);
    assert_eq!(service.login("rocky", "hush").await.status, 401);
    assert_eq!(service.login("kat", "stone").await.status, 401);
    assert_eq!(service.leaves().await[..2], ["log_in by kat", "log_in by rocky"]);
}

#[tokio::test]
async fn tokens_without_an_end_hold_unless_the_configuration_wants_one() {
    for (require_token_end, status) in [(false, 200), (true, 401)] {
        let platform = TestPlatform::start(SCHEMA, RAW_FILE_RECEIVED).await;
        let service = Service::with(platform, BytesConfig { require_token_end, ..config() }).await;
        let header = format!("bearer {ENDLESS}");
        let reply =
            service.ask_as(Method::GET, PROTECTED, &[("authorization", &header)], Body::empty()).await;
        assert_eq!(reply.status, status);
        assert_eq!(service.get(PROTECTED).await.status, 200);
    }
}
