//! Lists, name and version: what anyone may ask.

use axum::http::Method;
use serde_json::json;

use crate::common::{Service, one_of_each};

async fn public(service: &Service, path: &str) -> serde_json::Value {
    let reply = service.ask_as(Method::GET, path, &[("content-length", "0")], "").await;
    assert_eq!(reply.status, 200, "{path}: {reply}");
    reply.json()
}

#[tokio::test]
async fn three_families_of_lists_are_public_trap_1_trap_17() {
    let service = Service::start().await;
    let newest = public(&service, "/api/v1/static/traces/actions").await;
    let first_five =
        json!(["CREATE_DATASET", "UPDATE_DATASET", "USE_DATASETS", "CREATE_MODEL_POD", "USE_MODEL_POD"]);
    assert_eq!(newest.as_array().unwrap()[..5], first_five.as_array().unwrap()[..]);
    let seed = public(&service, "/api/v1/actions").await;
    let six = json!([
        "CREATE_DATASET",
        "CREATE_VERSION_DATASET",
        "VISUALIZE_VERSION_DATASET",
        "USE_DATASETS_POD",
        "CREATE_MODEL",
        "USE_MODELS"
    ]);
    assert_eq!(seed.as_array().unwrap()[..6], six.as_array().unwrap()[..]);
    for path in
        ["/api/v1/hashes", "/api/v1/traces/hashes", "/api/v1/static/traces/hashes", "/api/v1/traces/hashes/"]
    {
        let hashes = public(&service, path).await;
        assert_eq!((&hashes[0], &hashes[1]), (&json!("SHA3_256"), &json!("SHA3_512")), "{path}");
        assert!(hashes.as_array().unwrap().contains(&json!("BLAKE3")), "{path}");
    }
    for family in ["/api/v1", "/api/v1/traces", "/api/v1/static/traces"] {
        let resources = public(&service, &format!("{family}/dataset_resources")).await;
        assert_eq!(resources, json!(["IMAGING_DATA", "PATIENT_INFO"]));
    }
    for family in ["/api/v1", "/api/v1/traces"] {
        let contents = public(&service, &format!("{family}/request_resource_contents")).await;
        assert_eq!(contents, json!(["FILE_DATA", "HTTP_FTP", "HASH"]));
    }
    let contents = public(&service, "/api/v1/static/traces/request_resource_contents").await;
    assert_eq!(contents, json!(["FILE_DATA", "HASH"]));
}

#[tokio::test]
async fn update_details_end_with_the_one_the_original_refuses_trap_13() {
    let service = Service::start().await;
    let details = public(&service, "/api/v1/static/traces/dataset_update_details").await;
    assert_eq!(
        details,
        json!([
            "RELEASE",
            "PUBLISH",
            "INVALIDATE",
            "REACTIVATE",
            "UNPUBLISH",
            "LICENSE_UPDATED",
            "PID_UPDATED",
            "CONTACT_INFORMATION_UPDATED",
            "AUTHOR_CHANGED"
        ])
    );
}

#[tokio::test]
async fn every_action_that_is_answered_is_literally_in_every_list_trap_11() {
    let service = Service::start().await;
    for body in one_of_each().values() {
        service.add(body).await;
    }
    let reply = service.get("/api/v1/traces?limitTraces=50").await.json();
    let lines = reply["traces"][0]["traces"].as_array().unwrap().clone();
    assert_eq!(lines.len(), 7);
    for path in ["/api/v1/actions", "/api/v1/traces/actions", "/api/v1/static/traces/actions"] {
        let list = public(&service, path).await;
        for line in &lines {
            assert!(
                list.as_array().unwrap().contains(&line["userAction"]),
                "{} in {path}",
                line["userAction"]
            );
        }
    }
}

#[tokio::test]
async fn the_service_tells_its_name_with_and_without_slash_and_prefix_trap_4() {
    let service = Service::start().await;
    for path in [
        "/api/v1",
        "/api/v1/",
        "/api/v1/app/info",
        "/tracer-service/tracer/api/v1",
        "/tracer-service/tracer/api/v1/",
    ] {
        let info = public(&service, path).await;
        assert_eq!(info["name"], "Tracer Web Service", "{path}");
        assert!(info["version"].is_string() && info["yearMin"].is_u64() && info["yearMax"].is_u64());
    }
    let health = public(&service, "/api/v1/health").await;
    assert_eq!(health["healthy"], true);
}

#[tokio::test]
async fn errors_are_json_with_a_text_under_error_trap_22() {
    let service = Service::start().await;
    let check = async |method: Method, path: &str, status: u16| {
        let reply = service.ask_as(method, path, &[], "").await;
        assert_eq!(reply.status, status, "{path}: {reply}");
        let json = reply.json();
        assert!(json["error"].is_string() && json["message"].is_string() && json["timestamp"].is_string());
        assert_eq!((&json["status"], &json["path"]), (&json!(status), &json!(path)));
        reply
    };
    check(Method::GET, "/api/v1/nothing", 404).await;
    check(Method::GET, "/", 404).await;
    check(Method::GET, "/api/v1/traces", 401).await;
    let wrong = check(Method::PATCH, "/api/v1/traces", 405).await;
    assert_eq!(wrong.header("allow"), Some("POST, GET"));
}

#[tokio::test]
async fn ledgers_are_told_without_secrets() {
    let service = Service::start().await;
    let one = service.get("/api/v1/blockchains").await.json();
    let other = service.get("/api/v1/traces/providers/").await.json();
    assert_eq!(one, other);
    assert_eq!((&one[0]["type"], &one[0]["enabled"]), (&json!("STRONGROOM"), &json!(true)));
    assert_eq!((&one[1]["type"], &one[1]["enabled"]), (&json!("BESU_PRIVATE"), &json!(false)));
    assert_eq!(one[0]["properties"].as_object().unwrap().len(), 3);
}
