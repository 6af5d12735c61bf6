//! The cache: what was accepted and is not final.

use axum::http::Method;

use crate::common::{READER, Service, WRITER, create_dataset, use_datasets};

const LIST: &str = "/api/v1/traces/cache?detailed=true";

async fn list(service: &Service, credential: &str) -> serde_json::Value {
    let reply = service.ask_as(Method::GET, LIST, &[("authorization", credential)], "").await;
    assert_eq!(reply.status, 200, "{reply}");
    reply.json()
}

#[tokio::test]
async fn an_entry_leaves_when_the_published_checkpoint_covers_it() {
    let service = Service::start().await;
    service.add(&create_dataset("u", "d")).await;
    service.settle().await;
    assert_eq!(list(&service, WRITER).await, serde_json::json!([]));
    assert_eq!(service.search("datasetId=d").await.1, 1);
}

#[tokio::test]
async fn what_is_not_final_is_seen_by_who_sent_it_and_by_administrators_also_after_a_restart() {
    let service = Service::without_end().await;
    let id = service.add(&create_dataset("u", "d")).await;
    service.add(&use_datasets("u", &["d"])).await;
    service.settle().await;
    let check = async |service: &Service| {
        for credential in [WRITER, "bearer root:admin"] {
            let entries = list(service, credential).await;
            assert_eq!(entries.as_array().unwrap().len(), 2);
            assert_eq!(entries[0]["traceId"], id.as_str());
            assert_eq!(entries[0]["status"], "BLOCKCHAIN_WAITING");
            assert_eq!(entries[0]["transactionId"], "test.example/strongroom/0");
            assert!(entries[0]["trace"].as_str().unwrap().contains("\"datasetId\":\"d\""));
        }
        assert_eq!(list(service, READER).await, serde_json::json!([]));
    };
    check(&service).await;
    let wrong = service.get("/api/v1/traces/cache?detailed=perhaps").await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn nothing_accepted_is_taken_back_or_rewritten() {
    let service = Service::without_end().await;
    service.add(&create_dataset("u", "d")).await;
    service.settle().await;
    let entry = list(&service, WRITER).await[0].clone();
    let path = format!("/api/v1/traces/cache/{}", entry["id"].as_str().unwrap());
    let ask = async |method: Method, credential: &str, path: &str, body: &str| {
        service.ask_as(method, path, &[("authorization", credential)], body.to_owned()).await
    };
    assert_eq!(ask(Method::DELETE, WRITER, &path, "").await.status, 409);
    assert_eq!(ask(Method::DELETE, READER, &path, "").await.status, 403);
    let unknown = "/api/v1/traces/cache/11111111-1111-4111-8111-111111111111";
    let reply = ask(Method::DELETE, WRITER, unknown, "").await;
    assert_eq!(reply.status, 400);
    assert_eq!(
        reply.json()["message"],
        "Request cache with id 11111111-1111-4111-8111-111111111111 not found."
    );
    assert_eq!(ask(Method::DELETE, WRITER, "/api/v1/traces/cache/x", "").await.status, 400);
    let edit = r#"{"fields":[{"fieldName":"callerId","fieldValue":"x"}],"runBlockchainCommit":false}"#;
    let reply = ask(Method::PUT, "bearer root:admin", &path, edit).await;
    assert_eq!(reply.status, 400);
    assert!(reply.json()["message"].as_str().unwrap().contains("BLOCKCHAIN_SUBMISSION_ERROR"));
    // the original lets anybody by with an empty list
    let empty = r#"{"fields":[],"runBlockchainCommit":true}"#;
    assert_eq!(ask(Method::PUT, READER, &path, empty).await.status, 403);
    let reply = ask(Method::PUT, WRITER, &path, empty).await;
    assert_eq!((reply.status, reply.json()), (200, entry));
    for (body, status) in [
        ("{}", 400),
        ("[", 400),
        (r#"{"fields":[{"fieldName":"time","fieldValue":"x"}]}"#, 400),
        (r#"{"fields":[{}]}"#, 400),
        (r#"{"fields":{}}"#, 400),
        (&format!(r#"{{"fields":[{}]}}"#, [r#"{"fieldName":"id"}"#; 101].join(",")), 400),
    ] {
        assert_eq!(ask(Method::PUT, WRITER, &path, body).await.status, status, "{body}");
    }
    assert_eq!(list(&service, WRITER).await.as_array().unwrap().len(), 1);
}
