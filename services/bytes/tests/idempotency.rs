//! The header `Idempotency-Key`, an addition: repetitions are answered, not carried out.

use axum::http::Method;
use strongroom_testkit::Reply;

use crate::common::{BOEFJE_META_ID, Meta, Service, upload};

async fn post(service: &Service, key: &str, path: &str, body: String) -> Reply {
    let token = format!("bearer {}", service.token);
    let headers = [("authorization", token.as_str()), ("idempotency-key", key)];
    service.ask_as(Method::POST, path, &headers, body).await
}

#[tokio::test]
async fn a_repetition_under_a_key_is_answered_alike_and_done_once() {
    let service = Service::start().await;
    let meta = Meta::default().json();
    for _ in 0..2 {
        let reply = post(&service, "k1", "/bytes/boefje_meta", meta.clone()).await;
        assert_eq!(reply.to_string(), r#"201 {"status":"success"}"#);
    }
    let path = format!("/bytes/raw?boefje_meta_id={BOEFJE_META_ID}");
    let body = upload(&[("0", "YQ==", &["a"])]);
    let first = post(&service, "k1", &path, body.clone()).await;
    assert_eq!(first.status, 200, "{first}");
    assert_eq!(post(&service, "k1", &path, body).await.to_string(), first.to_string());
    assert_eq!(service.leaves().await, ["log_in by kat", "save_boefje_meta by kat", "save_raw by kat"]);
}

#[tokio::test]
async fn another_request_under_a_key_is_422() {
    let service = Service::start().await;
    assert_eq!(post(&service, "k", "/bytes/boefje_meta", Meta::default().json()).await.status, 201);
    let other = Meta { id: "00000000-0000-4000-8000-000000000001", ..Meta::default() }.json();
    let reply = post(&service, "k", "/bytes/boefje_meta", other).await;
    assert_eq!(reply.status, 422);
    assert!(reply.json()["value"].is_string());
    assert_eq!(post(&service, "", "/bytes/boefje_meta", Meta::default().json()).await.status, 422);
}
