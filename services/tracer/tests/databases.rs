//! The same requests on SQLite and on PostgreSQL: the answers are the same.

use strongroom_testkit::TestPlatform;
use strongroom_tracer::SCHEMA;

use crate::common::{Service, create_dataset, one_of_each, use_datasets};

#[tokio::test]
async fn both_databases_answer_alike() {
    let Some(server) = TestPlatform::start_on_server(SCHEMA, "none").await else {
        println!("skipped: STRONGROOM_TEST_POSTGRES_URL is not set");
        return;
    };
    let on_server = answers(&Service::usual_on(server)).await;
    let embedded = answers(&Service::start().await).await;
    for (there, here) in on_server.iter().zip(&embedded) {
        assert_eq!(there, here);
    }
    assert_eq!(on_server.len(), embedded.len());
}

/// Writes a little of everything, then asks for it in all ways; ids that the server drew stand as their order.
async fn answers(service: &Service) -> Vec<String> {
    let mut ids = Vec::new();
    for body in one_of_each().values() {
        ids.push(service.add(body).await);
    }
    for number in 0..12 {
        let user = ["Alice", "ALICE", "bob", "Ünal"][number % 4];
        ids.push(service.add(&create_dataset(user, &format!("D{}", number % 3))).await);
        ids.push(service.add(&use_datasets(user, &["d1", "D2", "ot%_'her"])).await);
    }
    let mut said = Vec::new();
    for path in [
        "/api/v1/traces",
        "/api/v1/traces?limitTraces=3&skipTraces=5",
        "/api/v1/traces?userId=alice",
        "/api/v1/traces?userId=alice&userId=%C3%9Cnal&limitTraces=4",
        "/api/v1/traces?datasetId=d2",
        "/api/v1/traces?datasetId=d2&datasetId=D1&userAction=USE_DATASETS&limitTraces=100",
        "/api/v1/traces?datasetId=d2&datasetId=D1&userId=bob&limitTraces=100",
        "/api/v1/traces?datasetId=ot%25_%27her&callerUserId=dataset-service",
        "/api/v1/traces?callerUserId=DATASET-service&userAction=UPDATE_DATASET",
        "/api/v1/traces?userId=alice&callerUserId=dataset-service&userAction=USE_DATASETS,CREATE_DATASET",
        "/api/v1/traces/bob",
        "/api/v1/traces/nobody",
        &format!("/api/v1/traces/{}", ids[0]),
        &format!("/api/v1/traces/{}", ids[3]),
    ] {
        said.push(format!("{path}: {}", service.get(path).await));
    }
    for (place, drawn) in ids.iter().enumerate() {
        for said in &mut said {
            *said = said.replace(drawn, &format!("<trace {place}>"));
        }
    }
    said
}
