//! Who may call: bearer tokens, the administrator's password, nobody known.

use axum::http::Method;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use strongroom_tracer::config::{Open, Readers, TracerConfig};

use crate::common::{READER, Service, WRITER, config, use_datasets};

fn basic(name: &str, password: &str) -> String {
    format!("basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")))
}

async fn post_as(service: &Service, headers: &[(&str, &str)]) -> strongroom_testkit::Reply {
    service.ask_as(Method::POST, "/api/v1/traces", headers, use_datasets("u", &["d"])).await
}

#[tokio::test]
async fn writers_and_administrators_write_and_others_do_not_trap_2() {
    let service = Service::start().await;
    for token in ["bearer s:trace_writer", "Bearer s:admin", "BEARER s:other,trace_writer"] {
        assert_eq!(post_as(&service, &[("authorization", token)]).await.status, 200, "{token}");
    }
    let refused = post_as(&service, &[("authorization", READER)]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.json()["error"].is_string());
    let expired = post_as(&service, &[("authorization", "bearer old")]).await;
    assert_eq!(expired.status, 401);
    assert_eq!(
        expired.header("www-authenticate"),
        Some(
            "Bearer realm=\"CHAIMELEON\", error=\"invalid_token\", \
             error_description=\"the token has expired\""
        )
    );
    let leaves = service.leaves().await;
    assert!(leaves.contains(&"add_trace by somebody: denied".to_owned()), "{leaves:?}");
    assert!(leaves.contains(&"add_trace by stranger: denied".to_owned()), "{leaves:?}");
}

#[tokio::test]
async fn the_administrator_comes_by_password() {
    let service = Service::start().await;
    let reply = post_as(&service, &[("authorization", &basic("admin", "hush"))]).await;
    assert_eq!(reply.status, 200, "{reply}");
    let caller = reply.json()[0]["callerId"].as_str().unwrap().to_owned();
    assert!(caller.starts_with("5a38afb1") && caller.ends_with("ca41a9d19d"), "{caller}");
    for credential in
        [basic("admin", "wrong"), basic("root", "hush"), "basic ???".to_owned(), "Basic".to_owned()]
    {
        let reply = post_as(&service, &[("authorization", &credential)]).await;
        assert_eq!(reply.status, 401, "{credential}");
        assert!(reply.header("www-authenticate").unwrap().contains("realm=\"CHAIMELEON\""));
    }
}

#[tokio::test]
async fn there_is_no_administrator_unless_he_has_a_password() {
    let service = Service::with(TracerConfig { open: Open::Never, ..TracerConfig::default() }).await;
    assert_eq!(post_as(&service, &[("authorization", &basic("admin", ""))]).await.status, 401);
}

#[tokio::test]
async fn tokens_in_the_address_are_not_taken() {
    let service = Service::start().await;
    let reply = service.ask_as(Method::GET, "/api/v1/traces?access_token=s:admin", &[], "").await;
    assert_eq!(reply.status, 401);
}

#[tokio::test]
async fn an_identity_provider_that_is_away_is_no_denial() {
    let service = Service::start().await;
    let reply = post_as(&service, &[("authorization", "bearer away")]).await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(service.leaves().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_login_is_202_and_recorded() {
    let service = Service::start().await;
    let login = async |credential: &str| {
        let headers = [("authorization", credential)];
        service.ask_as(Method::POST, "/api/v1/login", &headers, "").await.to_string()
    };
    assert_eq!(login(READER).await, "202 ");
    assert!(login("bearer wrong").await.starts_with("401 "));
    assert_eq!(service.leaves().await, ["log_in by somebody", "log_in by stranger: denied"]);
}

#[tokio::test]
async fn the_first_version_asks_nobody_on_this_machine() {
    let service = Service::open().await;
    let reply = post_as(&service, &[]).await;
    assert_eq!(reply.status, 200, "{reply}");
    assert!(reply.json()[0]["callerId"].is_null());
    // a credential nobody could check says nothing
    assert_eq!(post_as(&service, &[("authorization", WRITER)]).await.status, 200);
    let get = async |headers: &[(&str, &str)]| {
        service.ask_as(Method::GET, "/api/v1/traces/u", headers, "").await.status
    };
    assert_eq!(get(&[]).await, 200);
    assert_eq!(get(&[("sec-fetch-site", "cross-site")]).await, 403);
    assert_eq!(get(&[("x-forwarded-for", "192.0.2.1")]).await, 401);
    assert_eq!(service.leaves().await[..2], ["add_trace by stranger", "add_trace by stranger"]);
}

#[tokio::test]
async fn always_open_means_from_anywhere_but_a_wrong_credential_is_still_wrong() {
    let service = Service::with(TracerConfig { open: Open::Always, ..config() }).await;
    assert_eq!(post_as(&service, &[("x-forwarded-for", "192.0.2.1")]).await.status, 200);
    assert_eq!(post_as(&service, &[("authorization", "bearer old")]).await.status, 401);
}

#[tokio::test]
async fn readers_may_be_held_to_what_they_are_in() {
    let config = TracerConfig { readers: Readers::Own, reader_roles: vec!["auditor".to_owned()], ..config() };
    let service = Service::with(config).await;
    let own = service.add(&use_datasets("SOMEBODY", &["d"])).await;
    let foreign = service.add(&use_datasets("another", &["d"])).await;
    assert_eq!(service.search("datasetId=d").await, (vec![own.clone()], 1));
    assert_eq!(service.search("").await, (vec![own.clone()], 1));
    assert_eq!(service.search("userId=another").await, (Vec::new(), 0));
    assert_eq!(service.get(&format!("/api/v1/traces/{own}")).await.status, 200);
    assert_eq!(service.get(&format!("/api/v1/traces/{foreign}")).await.status, 403);
    assert_eq!(service.get("/api/v1/traces/another").await.to_string(), "200 []");
    for all in ["bearer x:admin", "bearer x:auditor", WRITER] {
        let headers = [("authorization", all)];
        let reply = service.ask_as(Method::GET, "/api/v1/traces?datasetId=d", &headers, "").await;
        assert_eq!(reply.json()["traces"][0]["countAllTraces"], 2, "{all}");
    }
}
