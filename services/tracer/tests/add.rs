//! `POST /api/v1/traces`.

use serde_json::json;
use strongroom_tracer::config::TracerConfig;

use crate::common::{Service, config, create_dataset, one_of_each, use_datasets};

#[tokio::test]
async fn an_accepted_trace_is_answered_with_its_entry_and_is_there_at_once_trap_12_trap_15() {
    let service = Service::start().await;
    let reply = service.post(create_dataset("Alice", "Data-1")).await;
    assert_eq!(reply.status, 200, "{reply}");
    let json = reply.json();
    let entry = &json[0];
    assert_eq!(json.as_array().unwrap().len(), 1);
    assert_eq!(
        (&entry["transactionId"], &entry["statusMessage"], &entry["status"], &entry["blockchainType"]),
        (&json!(null), &json!(null), &json!("WAITING"), &json!("STRONGROOM"))
    );
    assert_eq!(entry["creationDate"], "2025-03-04T10:20:42.017Z");
    assert_eq!(entry["callerId"], "dataset-service");
    assert_ne!(entry["id"], entry["traceId"]);
    assert!(reply.header("strongroom-receipt").is_some());
    let id = entry["traceId"].as_str().unwrap();
    let stored = service.get(&format!("/api/v1/traces/{id}")).await.json();
    let trace = &stored["traces"][0]["trace"];
    assert_eq!(serde_json::from_str::<serde_json::Value>(entry["trace"].as_str().unwrap()).unwrap(), *trace);
    assert_eq!(trace["timestamp"], "1741083642017");
    assert_eq!(
        (&trace["userId"], &trace["callerId"], &trace["version"]),
        (&json!("Alice"), &json!("dataset-service"), &json!("V1"))
    );
    let resources = trace["traceResources"].as_array().unwrap();
    let ids: Vec<&str> = resources.iter().map(|resource| resource["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["index", "images", "clinicalData"]);
    assert_eq!(
        resources[0],
        json!({
            "id": "index", "contentHash": "FN3IHojvv0PoxGh/Tr2EtbPmJK5K7JYSQwCeERL1Zys=",
            "contentHashType": "SHA3_256",
        })
    );
}

#[tokio::test]
async fn every_action_can_be_added_and_read_back() {
    let service = Service::start().await;
    for (action, body) in one_of_each() {
        let id = service.add(&body).await;
        let stored = service.get(&format!("/api/v1/traces/{id}")).await.json();
        assert_eq!(stored["traces"][0]["trace"]["userAction"], action, "{stored}");
    }
    let (_, total) = service.search("").await;
    assert_eq!(total, 7);
}

#[tokio::test]
async fn any_named_ledger_is_ours_trap_16() {
    let service = Service::start().await;
    for ledgers in [
        json!(null),
        json!([]),
        json!(["ALL_ENABLED"]),
        json!(["BESU_PRIVATE", "BIGCHAINDB_PRIVATE"]),
        json!(["STRONGROOM"]),
    ] {
        let body = json!({
            "userId": "u", "userAction": "USE_DATASETS", "datasetsIds": ["d"], "blockchains": ledgers,
        });
        let reply = service.post(body.to_string()).await;
        assert_eq!((reply.status, reply.json().as_array().unwrap().len()), (200, 1), "{reply}");
    }
    assert_eq!(service.search("blockchain=BESU_PRIVATE").await.1, 5);
}

#[tokio::test]
async fn what_is_wrong_is_told_and_nothing_is_stored_trap_20() {
    let service = Service::start().await;
    let check = async |body: &str, status: u16, message: &str| {
        let reply = service.post(body.to_owned()).await;
        assert_eq!(reply.status, status, "{body}: {reply}");
        let said = reply.json();
        assert!(said["message"].as_str().unwrap().contains(message), "{said}");
    };
    check("{", 400, "not a JSON object").await;
    check("", 400, "not a JSON object").await;
    check(r#"{"userId":"u","userAction":"STEAL"}"#, 422, "userAction must be one of").await;
    check(&use_datasets("u", &[]), 422, "datasetsIds must not be empty").await;
    check(
        r#"{"userId":"u","userAction":"CREATE_DATASET","datasetId":"d","resources":null}"#,
        422,
        "resources is missing",
    )
    .await;
    check(
        r#"{"userId":"u","userAction":"CREATE_DATASET","datasetId":"d","resources":[
            {"id":"r","contentType":"HTTP_FTP","url":"http://127.0.0.1/x"}]}"#,
        422,
        "resources[0]",
    )
    .await;
    let reply = service.post(r#"{"userId":"","userAction":"use_models"}"#).await;
    let fields: Vec<String> = reply.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["field"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(fields, ["userId", "applicationId", "modelsIds"]);
    assert_eq!(service.search("").await, (Vec::new(), 0));
    assert_eq!(service.leaves().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let service = Service::with(TracerConfig { max_body_bytes: 200, ..config() }).await;
    assert_eq!(service.post(" ".repeat(201)).await.status, 413);
    assert_eq!(service.post(use_datasets("u", &["d"])).await.status, 200);
}

#[tokio::test]
async fn long_contents_are_hashed_beside_the_workers() {
    let service = Service::start().await;
    let data = "QUFB".repeat(300_000);
    let body = json!({
        "userId": "u", "userAction": "CREATE_DATASET", "datasetId": "d",
        "resources": [{ "id": "r", "contentType": "FILE_DATA", "data": data, "name": "n" }],
    });
    let id = service.add(&body.to_string()).await;
    let stored = service.get(&format!("/api/v1/traces/{id}")).await.json();
    let resource = &stored["traces"][0]["trace"]["traceResources"][0];
    let digest = strongroom_inspect_digest(&vec![b'A'; 900_000]);
    assert_eq!(resource["contentHash"], digest);
    assert_eq!(resource["nameHashType"], "SHA3_256");
}

fn strongroom_inspect_digest(content: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(strongroom_inspect::Algorithm::Sha3_256.digest(content))
}

#[tokio::test]
async fn hundreds_of_resources_and_datasets_fit_in_one_trace() {
    let service = Service::start().await;
    let hash = "FN3IHojvv0PoxGh/Tr2EtbPmJK5K7JYSQwCeERL1Zys=";
    let resources: Vec<_> = (0..2_000)
        .map(|number| json!({ "id": number.to_string(), "contentType": "HASH", "hash": hash, "hashType": "SHA3_256" }))
        .collect();
    let body =
        json!({ "userId": "u", "userAction": "CREATE_DATASET", "datasetId": "d", "resources": resources });
    let id = service.add(&body.to_string()).await;
    let stored = service.get(&format!("/api/v1/traces/{id}")).await.json();
    assert_eq!(stored["traces"][0]["trace"]["traceResources"].as_array().unwrap().len(), 2_000);
    let datasets: Vec<String> = (0..400).map(|number| format!("d{number}")).collect();
    let datasets: Vec<&str> = datasets.iter().map(String::as_str).collect();
    service.add(&use_datasets("u", &datasets)).await;
    service.add(&use_datasets("v", &datasets)).await;
    assert_eq!(service.search("datasetId=D399").await.1, 2);
}

#[tokio::test]
async fn persons_and_digests_stand_in_records_as_commitments() {
    let service = Service::start().await;
    service.add(&create_dataset("alice-of-the-ward", "data-1")).await;
    let leaves = service.platform.stop_and_read_leaves().await;
    assert_eq!(leaves.len(), 1);
    for secret in ["alice-of-the-ward", "dataset-service", "FN3IHojvv0", "SHA3_256"] {
        assert!(leaves[0].plain.to_string().contains(secret), "{secret} is in {}", leaves[0].plain);
        assert!(!leaves[0].canonical.contains(secret), "{secret} is in {}", leaves[0].canonical);
    }
    assert!(leaves[0].canonical.contains("data-1"));
}

#[tokio::test]
async fn traces_survive_a_restart_and_verify() {
    let service = Service::start().await;
    let id = service.add(&create_dataset("u", "d")).await;
    let service = service.restart().await;
    assert_eq!(service.search("datasetId=d").await, (vec![id], 1));
    service.add(&use_datasets("u", &["d"])).await;
    service.settle().await;
    let report = service.platform.verify(Vec::new()).await;
    assert_eq!(format!("{:?}", report.verdict()), "Clean", "{report:?}");
}
