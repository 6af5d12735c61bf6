//! `POST /bytes/content`, an addition.

use axum::{body::Body, http::Method};
use futures::stream;

use crate::common::{BOEFJE_META_ID, Meta, Service, UNKNOWN_ID};

#[tokio::test]
async fn a_plain_body_is_a_raw_file_like_any_other() {
    let service = Service::start().await;
    service.save_boefje_meta(&Meta::default()).await;
    let path = format!(
        "/bytes/content?boefje_meta_id={BOEFJE_META_ID}&mime_types=text/xml&mime_types=b&mime_types=b"
    );
    let reply = service.post(&path, "hello bytes").await;
    assert_eq!(reply.status, 200, "{reply}");
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(service.get(&format!("/bytes/raw/{id}")).await.to_string(), "200 hello bytes");
    let meta = service.get(&format!("/bytes/raw/{id}/meta")).await.json();
    assert_eq!(meta["mime_types"], serde_json::json!([{"value": "text/xml"}, {"value": "b"}]));
    assert!(meta["secure_hash"].as_str().unwrap().starts_with("sha512:2e0a3bf2df24"));
    assert!(service.platform.sink.heard()[0].payload.contains(&id));
    let again = service.save_raw(BOEFJE_META_ID, &[("0", "eA==", &["b", "text/xml"])]).await;
    assert_eq!(again, [id], "the labels are taken, however the file came");
}

#[tokio::test]
async fn a_large_plain_body_is_saved_and_an_empty_one_too() {
    let service = Service::start().await;
    service.save_boefje_meta(&Meta::default()).await;
    let pieces = (0..300_u32).map(|number| Ok::<_, std::io::Error>(vec![number.to_be_bytes()[3]; 1_000]));
    for (label, body, length) in
        [("large", Body::from_stream(stream::iter(pieces)), 300_000), ("empty", Body::empty(), 0)]
    {
        let path = format!("/bytes/content?boefje_meta_id={BOEFJE_META_ID}&mime_types={label}");
        let reply = service.ask(Method::POST, &path, body).await.json();
        let content = service.get(&format!("/bytes/raw/{}", reply["id"].as_str().unwrap())).await;
        assert_eq!(content.body.len(), length);
    }
}

#[tokio::test]
async fn what_cannot_be_saved_is_refused() {
    let service = Service::start().await;
    let reply = service.post(&format!("/bytes/content?boefje_meta_id={UNKNOWN_ID}"), "x").await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Boefje meta not found"}"#);
    assert_eq!(service.post("/bytes/content", "x").await.status, 422);
    let long = format!("/bytes/content?boefje_meta_id={UNKNOWN_ID}&mime_types={}", "l".repeat(1_025));
    assert_eq!(service.post(&long, "x").await.status, 422);
}
