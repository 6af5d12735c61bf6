//! `GET /api/v1/traces/{x}`: a trace or a user.

use crate::common::{Service, create_dataset, use_datasets};

#[tokio::test]
async fn a_known_trace_is_an_object_and_anything_else_a_user_trap_8() {
    let service = Service::start().await;
    let user = "0b0c0d0e-0000-4000-8000-000000000001";
    let first = service.add(&create_dataset(user, "d")).await;
    let second = service.add(&use_datasets(user, &["d"])).await;
    service.add(&use_datasets("another", &["d"])).await;
    let object = service.get(&format!("/api/v1/traces/{first}")).await.json();
    assert_eq!(object["traces"][0]["trace"]["id"], first.as_str());
    assert_eq!(object["traces"][0]["blockchain"], "STRONGROOM");
    assert_eq!(object["traces"].as_array().unwrap().len(), 1);
    let reply = service.get(&format!("/api/v1/traces/{user}/")).await;
    let ids: Vec<String> = reply
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|trace| trace["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, [second.clone(), first]);
    assert_eq!(reply.header("strongroom-total-count"), Some("2"));
    let page = service.get(&format!("/api/v1/traces/{user}?limitTraces=1")).await.json();
    assert_eq!(page[0]["id"], second.as_str());
    assert_eq!(service.get("/api/v1/traces/nobody").await.to_string(), "200 []");
    let unknown = "11111111-1111-4111-8111-111111111111";
    assert_eq!(service.get(&format!("/api/v1/traces/{unknown}")).await.to_string(), "200 []");
}

#[tokio::test]
async fn users_are_found_in_any_letter_case_and_shown_as_posted_trap_21() {
    let service = Service::start().await;
    service.add(&use_datasets("Ärztin-A", &["d"])).await;
    service.add(&use_datasets("ärztin-a", &["d"])).await;
    let found = service.get("/api/v1/traces/%C3%84RZTIN-A").await.json();
    let users: Vec<&str> =
        found.as_array().unwrap().iter().map(|trace| trace["userId"].as_str().unwrap()).collect();
    assert_eq!(users, ["ärztin-a", "Ärztin-A"]);
}
