//! The header `Idempotency-Key`, an addition: repetitions are answered, not carried out.

use axum::http::Method;
use serde_json::json;

use crate::common::{Service, WRITER, use_datasets};

async fn post(service: &Service, key: &str, body: String) -> strongroom_testkit::Reply {
    let headers = [("authorization", WRITER), ("idempotency-key", key)];
    service.ask_as(Method::POST, "/api/v1/traces", &headers, body).await
}

#[tokio::test]
async fn a_repetition_under_a_key_is_answered_alike_and_done_once() {
    let service = Service::start().await;
    // an answer far beyond what is kept of answers
    let data = "QUFB";
    let resources: Vec<_> = (0..500)
        .map(|number| json!({ "id": format!("r{number}"), "contentType": "FILE_DATA", "data": data }))
        .collect();
    let body =
        json!({ "userId": "u", "userAction": "CREATE_DATASET", "datasetId": "d", "resources": resources });
    let first = post(&service, "k", body.to_string()).await;
    assert_eq!(first.status, 200, "{first}");
    assert!(first.body.len() > 16 << 10);
    assert_eq!(post(&service, "k", body.to_string()).await.to_string(), first.to_string());
    assert_eq!(service.leaves().await, ["add_trace by dataset-service"]);
}

#[tokio::test]
async fn another_request_under_a_key_is_422_and_without_a_key_everything_is_new() {
    let service = Service::start().await;
    assert_eq!(post(&service, "k", use_datasets("u", &["d"])).await.status, 200);
    assert_eq!(post(&service, "k", use_datasets("u", &["e"])).await.status, 422);
    assert_eq!(post(&service, "", use_datasets("u", &["d"])).await.status, 422);
    let first = service.add(&use_datasets("u", &["d"])).await;
    assert_ne!(service.add(&use_datasets("u", &["d"])).await, first);
}
