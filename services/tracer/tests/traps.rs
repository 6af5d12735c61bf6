//! The traps of `COMPATIBILITY.md`, one test each, by their numbers. The fifth needs a listener with TLS and is tested on
//! the program (`strongroom/tests/tracer.rs`).

use axum::http::Method;
use serde_json::{Value, json};
use strongroom_ledger::Leaf;
use strongroom_testkit::Reply;

use crate::common::{READER, Service, WRITER, create_dataset, one_of_each, use_datasets};

const FILE: &str = "FN3IHojvv0PoxGh/Tr2EtbPmJK5K7JYSQwCeERL1Zys=";

async fn public(service: &Service, path: &str) -> Reply {
    service.ask_as(Method::GET, path, &[], "").await
}

async fn lines(service: &Service, query: &str) -> Vec<Value> {
    let found = service.get(&format!("/api/v1/traces?{query}")).await.json();
    found["traces"][0]["traces"].as_array().unwrap().clone()
}

async fn whole(service: &Service, id: &str) -> Value {
    service.get(&format!("/api/v1/traces/{id}")).await.json()["traces"][0]["trace"].clone()
}

#[tokio::test]
async fn trap_1_the_dataset_service_finds_the_hashes_where_it_looks_before_it_starts() {
    let reply = public(&Service::start().await, "/api/v1/traces/hashes").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json().as_array().unwrap()[..2], [json!("SHA3_256"), json!("SHA3_512")]);
}

#[tokio::test]
async fn trap_2_the_scheme_is_read_in_any_letter_case() {
    let service = Service::start().await;
    for scheme in ["bearer", "Bearer", "BEARER", "bEARER"] {
        let credential = format!("{scheme} dataset-service:trace_writer");
        let headers = [("authorization", credential.as_str())];
        let reply = service.ask_as(Method::POST, "/api/v1/traces", &headers, use_datasets("u", &["d"])).await;
        assert_eq!(reply.status, 200, "{scheme}: {reply}");
    }
}

#[tokio::test]
async fn trap_3_lengths_media_types_and_accepted_types_are_not_insisted_on() {
    let service = Service::start().await;
    for accept in ["*/*", "text/html", "application/json", ""] {
        let headers = [("authorization", READER), ("content-length", "0"), ("accept", accept)];
        let reply = service.ask_as(Method::GET, "/api/v1/traces", &headers, "").await;
        assert_eq!(reply.status, 200, "{accept}: {reply}");
    }
    for media_type in ["application/json;charset=UTF-8", "text/plain", "application/octet-stream"] {
        let headers = [("authorization", WRITER), ("content-type", media_type)];
        let reply = service.ask_as(Method::POST, "/api/v1/traces", &headers, use_datasets("u", &["d"])).await;
        assert_eq!(reply.status, 200, "{media_type}: {reply}");
    }
}

#[tokio::test]
async fn trap_4_paths_are_answered_with_the_prefix_and_without() {
    let service = Service::start().await;
    for path in
        ["/api/v1/traces", "/tracer-service/tracer/api/v1/traces", "/tracer-service/tracer/api/v1/traces/"]
    {
        assert_eq!(service.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn trap_6_the_newest_creation_comes_first_with_ids_and_digests_as_posted() {
    let service = Service::start().await;
    service.add(&create_dataset("u", "d")).await;
    let newest = service.add(&create_dataset("u", "d")).await;
    service.add(&use_datasets("u", &["d"])).await;
    let found = service.get("/api/v1/traces?datasetId=d&userAction=CREATE_DATASET").await.json();
    assert_eq!(found["traces"].as_array().unwrap().len(), 1, "element 0 is the one ledger");
    assert_eq!(found["traces"][0]["traces"][0]["id"], newest.as_str());
    let trace = whole(&service, &newest).await;
    let resources = trace["traceResources"].as_array().unwrap();
    let pairs: Vec<_> = resources.iter().map(|one| (&one["id"], &one["contentHash"])).collect();
    let hash = json!(FILE);
    assert_eq!(pairs, [(&json!("index"), &hash), (&json!("images"), &hash), (&json!("clinicalData"), &hash)]);
}

#[tokio::test]
async fn trap_7_times_are_iso_in_lists_and_a_text_of_milliseconds_in_a_trace() {
    let service = Service::start().await;
    let id = service.add(&use_datasets("u", &["d"])).await;
    assert_eq!(lines(&service, "").await[0]["timestamp"], "2025-03-04T10:20:42.017Z");
    assert_eq!(whole(&service, &id).await["timestamp"], "1741083642017");
}

#[tokio::test]
async fn trap_8_what_is_stored_decides_between_trace_and_user_and_words_come_first() {
    let service = Service::start().await;
    let user = "11111111-1111-4111-8111-111111111111";
    let id = service.add(&use_datasets(user, &["d"])).await;
    service.add(&use_datasets("cache", &["d"])).await;
    assert!(service.get(&format!("/api/v1/traces/{id}")).await.json().is_object());
    assert_eq!(service.get(&format!("/api/v1/traces/{user}")).await.json()[0]["id"], id.as_str());
    assert_eq!(service.get("/api/v1/traces/nobody").await.json(), json!([]));
    service.settle().await;
    assert_eq!(service.get("/api/v1/traces/cache").await.json(), json!([]), "a reserved word");
}

#[tokio::test]
async fn trap_9_the_default_page_is_larger_than_the_originals_and_the_newest_first() {
    let service = Service::start().await;
    let mut ids = Vec::new();
    for _ in 0..31 {
        ids.insert(0, service.add(&use_datasets("u", &["d"])).await);
    }
    let (page, total) = service.search("datasetId=d").await;
    assert_eq!((page.as_slice(), total), (&ids[..30], 31));
}

#[tokio::test]
async fn trap_10_the_total_is_that_of_the_filters_and_told_once() {
    let service = Service::start().await;
    for _ in 0..3 {
        service.add(&use_datasets("u", &["d"])).await;
    }
    service.add(&use_datasets("u", &["e"])).await;
    let found = service.get("/api/v1/traces?datasetId=d&limitTraces=1&skipTraces=1").await.json();
    let counts: Vec<&Value> =
        found["traces"].as_array().unwrap().iter().map(|ledger| &ledger["countAllTraces"]).collect();
    assert_eq!(counts, [&json!(3)]);
}

#[tokio::test]
async fn trap_11_actions_are_answered_by_names_that_are_literally_in_the_list() {
    let service = Service::start().await;
    let listed = public(&service, "/api/v1/static/traces/actions").await.json();
    for body in one_of_each().values() {
        let id = service.add(body).await;
        let action = whole(&service, &id).await["userAction"].clone();
        assert!(listed.as_array().unwrap().contains(&action), "{action} in {listed}");
    }
    for line in lines(&service, "").await {
        assert!(listed.as_array().unwrap().contains(&line["userAction"]), "{line}");
    }
}

#[tokio::test]
async fn trap_12_what_is_accepted_is_answered_with_200() {
    let service = Service::start().await;
    for (action, body) in one_of_each() {
        assert_eq!(service.post(body).await.status, 200, "{action}");
    }
}

#[tokio::test]
async fn trap_13_all_nine_details_are_accepted() {
    let service = Service::start().await;
    for details in [
        "RELEASE",
        "PUBLISH",
        "INVALIDATE",
        "REACTIVATE",
        "UNPUBLISH",
        "LICENSE_UPDATED",
        "PID_UPDATED",
        "CONTACT_INFORMATION_UPDATED",
        "AUTHOR_CHANGED",
    ] {
        let body =
            json!({ "userId": "u", "userAction": "UPDATE_DATASET", "datasetId": "d", "details": details });
        let id = service.add(&body.to_string()).await;
        assert_eq!(whole(&service, &id).await["details"], details);
    }
}

#[tokio::test]
async fn trap_14_digests_are_standard_base64_with_padding_and_come_back_as_they_were_posted() {
    let service = Service::start().await;
    // 32 bytes whose Base64 has both letters in which alphabets differ
    let hash = "+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/8=";
    let resources = json!([{ "id": "r", "contentType": "HASH", "hash": hash, "hashType": "SHA3_256" }]);
    let body = json!({
        "userId": "u", "userAction": "CREATE_DATASET", "datasetId": "d", "resources": resources,
    });
    let id = service.add(&body.to_string()).await;
    assert_eq!(whole(&service, &id).await["traceResources"][0]["contentHash"], hash);
}

#[tokio::test]
async fn trap_15_a_trace_is_seen_with_its_answer() {
    let service = Service::without_end().await;
    let id = service.add(&create_dataset("u", "d")).await;
    assert_eq!(service.search("datasetId=d&userAction=CREATE_DATASET").await, (vec![id], 1));
}

#[tokio::test]
async fn trap_16_every_known_ledger_means_ours() {
    let service = Service::start().await;
    for name in ["BESU_PRIVATE", "BIGCHAINDB_PRIVATE", "ALL_ENABLED", "STRONGROOM"] {
        let body = json!({
            "userId": name, "userAction": "USE_DATASETS", "datasetsIds": ["d"], "blockchains": [name],
        });
        let id = service.add(&body.to_string()).await;
        assert_eq!(service.search(&format!("userId={name}&blockchain={name}")).await, (vec![id], 1));
    }
}

#[tokio::test]
async fn trap_17_lists_and_name_are_answered_without_a_credential() {
    let service = Service::start().await;
    for path in [
        "/api/v1",
        "/api/v1/",
        "/api/v1/static/traces/actions",
        "/api/v1/static/traces/hashes",
        "/api/v1/static/traces/dataset_resources",
        "/api/v1/static/traces/request_resource_contents",
        "/api/v1/static/traces/dataset_update_details",
    ] {
        assert_eq!(public(&service, path).await.status, 200, "{path}");
    }
    assert_eq!(public(&service, "/api/v1/traces").await.status, 401);
}

#[tokio::test]
async fn trap_18_further_members_are_ignored_and_tools_may_be_null() {
    let service = Service::start().await;
    let body = json!({
        "userId": "u", "userAction": "USE_DATASETS", "datasetsIds": ["d"], "toolName": null, "toolVersion": null,
        "name": "n", "resourceType": 7, "callerId": "somebody else", "notifyTracer": {},
    });
    let id = service.add(&body.to_string()).await;
    let trace = whole(&service, &id).await;
    assert_eq!(trace["tool"], json!({ "name": null, "version": null }));
    assert_eq!(trace["callerId"], "dataset-service");
}

#[tokio::test]
async fn trap_19_details_of_a_use_are_the_tools_name_a_space_and_its_version() {
    let service = Service::start().await;
    let name = "t".repeat(256);
    for (version, details) in [(json!("1.4"), format!("{name} 1.4")), (Value::Null, name.clone())] {
        let body = json!({
            "userId": "u", "userAction": "USE_DATASETS", "datasetsIds": ["d"],
            "toolName": name, "toolVersion": version,
        });
        service.add(&body.to_string()).await;
        assert_eq!(lines(&service, "limitTraces=1").await[0]["details"], details);
    }
}

#[tokio::test]
async fn trap_20_resources_may_be_empty_and_datasets_may_not() {
    let service = Service::start().await;
    let create = |resources: Value| {
        let body = json!({
            "userId": "u", "userAction": "CREATE_DATASET", "datasetId": "d", "resources": resources,
        });
        body.to_string()
    };
    assert_eq!(service.post(create(json!([]))).await.status, 200);
    assert_eq!(service.post(create(Value::Null)).await.status, 422);
    let reply = service.post(use_datasets("u", &[])).await;
    assert_eq!((reply.status, reply.json()["errors"][0]["field"].clone()), (422, json!("datasetsIds")));
}

#[tokio::test]
async fn trap_21_ids_are_kept_as_posted_and_found_in_any_letter_case() {
    let service = Service::start().await;
    let id = service.add(&use_datasets("Ann", &["Set-A"])).await;
    for query in
        ["datasetId=SET-a", "userId=ANN", "userId=ann&datasetId=set-a", "callerUserId=Dataset-SERVICE"]
    {
        assert_eq!(service.search(query).await, (vec![id.clone()], 1), "{query}");
    }
    let trace = whole(&service, &id).await;
    assert_eq!((&trace["userId"], &trace["datasetsIds"]), (&json!("Ann"), &json!(["Set-A"])));
}

#[tokio::test]
async fn trap_22_every_error_is_json_with_a_text_under_error() {
    let service = Service::start().await;
    let replies = [
        service.post("{").await,
        service.post("{}").await,
        service.get("/api/v1/traces?limitTraces=x").await,
        service.get("/nothing").await,
        service.ask_as(Method::PATCH, "/api/v1/traces", &[], "").await,
        public(&service, "/api/v1/traces").await,
        service.ask_as(Method::POST, "/api/v1/traces", &[("authorization", READER)], "").await,
    ];
    for (reply, status) in replies.iter().zip([400, 422, 400, 404, 405, 401, 403]) {
        assert_eq!(reply.status, status, "{reply}");
        assert!(reply.json()["error"].is_string(), "{reply}");
    }
}

#[tokio::test]
async fn trap_23_the_one_dataset_of_a_new_version_and_its_forerunners_are_read_in_all_spellings() {
    let service = Service::start().await;
    for (dataset, previous) in [
        (json!({ "datasetsIds": "d" }), json!({ "previousIds": ["c"] })),
        (json!({ "datasetsIds": ["d"] }), json!({ "previousIds": "c" })),
        (json!({ "datasetId": "d" }), json!({ "previousId": "c" })),
    ] {
        let mut body = json!({ "userId": "u", "userAction": "CREATE_VERSION_DATASET", "resources": [] });
        for members in [dataset, previous] {
            body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        }
        let id = service.add(&body.to_string()).await;
        let trace = whole(&service, &id).await;
        assert_eq!((&trace["datasetId"], &trace["previousIds"]), (&json!("d"), &json!(["c"])), "{body}");
    }
}

#[tokio::test]
async fn trap_24_a_leaf_is_short_whatever_its_trace_holds() {
    let service = Service::start().await;
    let resources: Vec<Value> = (0..1_000)
        .map(|number| json!({ "id": format!("r{number}"), "contentType": "HASH", "hash": FILE, "hashType": "SHA3_256" }))
        .collect();
    let body =
        json!({ "userId": "u", "userAction": "CREATE_DATASET", "datasetId": "d", "resources": resources });
    assert!(body.to_string().len() > 1 << 16, "more than the 16 bits of an entry's length");
    service.add(&body.to_string()).await;
    service.settle().await;
    let leaves = service.platform.kernel.database().leaves(0, 10).await.unwrap();
    assert_eq!(leaves.len(), 1);
    assert!((43..=74).contains(&leaves[0].len()), "{}", leaves[0].len());
    Leaf::decode(&leaves[0]).unwrap();
}
