//! `GET /api/v1/traces`: filters, pages, totals.

use serde_json::json;

use crate::common::{Service, create_dataset, one_of_each, use_datasets};

#[tokio::test]
async fn filters_are_or_within_and_and_across() {
    let service = Service::start().await;
    let a = service.add(&create_dataset("u", "D1")).await;
    let b = service.add(&use_datasets("u", &["d1", "d2"])).await;
    let c = service.add(&use_datasets("v", &["d2", "d3"])).await;
    let d = service.add(&create_dataset("w", "d3")).await;
    let check = async |query: &str, expected: &[&String]| {
        let (ids, total) = service.search(query).await;
        assert_eq!(ids.iter().collect::<Vec<_>>(), expected, "{query}");
        assert_eq!(total, expected.len() as u64, "{query}");
    };
    check("", &[&d, &c, &b, &a]).await;
    check("datasetId=d1", &[&b, &a]).await;
    check("datasetId=D2&datasetId=D1", &[&c, &b, &a]).await;
    check("datasetId=d1,d3", &[&d, &c, &b, &a]).await;
    check("datasetId=d2&userId=V", &[&c]).await;
    check("userId=u,w&userAction=create_dataset", &[&d, &a]).await;
    check("userAction=USE_DATASET_POD", &[&c, &b]).await;
    check("callerUserId=DATASET-service&userAction=CREATE_NEW_DATASET", &[&d, &a]).await;
    check("callerUserId=dataset-service&datasetId=d3", &[&d, &c]).await;
    check("callerUserId=nobody", &[]).await;
    check("userId=nobody&datasetId=d1", &[]).await;
    check("actionUserId=w&blockchain=ALL_ENABLED", &[&d]).await;
    check("datasetId=d1&userAction=USE_MODELS", &[]).await;
    check("userId=u&datasetId=d1,d2&callerUserId=dataset-service&userAction=USE_DATASETS", &[&b]).await;
}

#[tokio::test]
async fn pages_are_the_newest_first_and_totals_ignore_them_trap_6_trap_9_trap_10() {
    let service = Service::start().await;
    let mut ids = Vec::new();
    for number in 0..35 {
        ids.insert(0, service.add(&use_datasets(&format!("u{}", number % 3), &["d", "e"])).await);
    }
    let check = async |query: &str, from: usize, to: usize| {
        assert_eq!(service.search(query).await, (ids[from..to].to_vec(), 35), "{query}");
    };
    check("", 0, 30).await;
    check("datasetId=d&limitTraces=7", 0, 7).await;
    check("datasetId=d&datasetId=e&limitTraces=7&skipTraces=30", 30, 35).await;
    check("skipTraces=5&limitTraces=5", 5, 10).await;
    check("skipTraces=35", 35, 35).await;
    check("limitTraces=0", 0, 0).await;
    check("callerUserId=dataset-service&limitTraces=10000", 0, 35).await;
    let (page, total) = service.search("userId=u1&limitTraces=2").await;
    assert_eq!((page, total), (vec![ids[0].clone(), ids[3].clone()], 12));
    let created = service.add(&create_dataset("u", "d")).await;
    service.add(&use_datasets("u", &["d"])).await;
    let (newest, _) = service.search("datasetId=d&userAction=CREATE_DATASET").await;
    assert_eq!(newest, [created]);
}

#[tokio::test]
async fn a_name_in_dozens_of_spellings_is_found_in_all_of_them() {
    let service = Service::start().await;
    // as many letters in upper case as a number has bits
    let spelled = |number: u32| -> String {
        let letter = |(place, letter): (usize, char)| {
            if number >> place & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
        };
        "abcdef".chars().enumerate().map(letter).collect()
    };
    let mut ids = Vec::new();
    for number in 0..64 {
        ids.insert(0, service.add(&use_datasets(&spelled(number), &["d"])).await);
    }
    for query in ["userId=abcdef", "userId=ABCDEF&datasetId=d", "userId=abcdef&userAction=USE_DATASETS"] {
        let found = service.search(&format!("{query}&limitTraces=100")).await;
        assert_eq!(found, (ids.clone(), 64), "{query}");
    }
}

#[tokio::test]
async fn order_is_that_of_the_times_also_when_the_clock_was_set_back() {
    let service = Service::start().await;
    let late = service.add(&use_datasets("u", &["d"])).await;
    let now = service.platform.kernel.clock().now();
    service.platform.clock.set(strongroom_model::Timestamp::from_micros(now.micros() - 5_000_000).unwrap());
    let early = service.add(&use_datasets("u", &["d"])).await;
    assert_eq!(service.search("datasetId=d").await.0, [late.clone(), early.clone()]);
    assert_eq!(service.search("").await.0, [late, early]);
}

#[tokio::test]
async fn lines_have_a_date_and_details_trap_7_trap_19() {
    let service = Service::start().await;
    for body in one_of_each().values() {
        service.add(body).await;
    }
    let tool = "t".repeat(256);
    let body = json!({
        "userId": "u", "userAction": "USE_DATASETS", "datasetsIds": ["d"], "toolName": tool, "toolVersion": "1.4",
    });
    service.add(&body.to_string()).await;
    let json = service.get("/api/v1/traces?datasetId=d").await.json();
    let lines = json["traces"][0]["traces"].as_array().unwrap();
    assert_eq!(lines[0]["details"], format!("{tool} 1.4"));
    assert_eq!(lines[0]["timestamp"], "2025-03-04T10:20:42.017Z");
    let update = lines.iter().find(|line| line["userAction"] == "UPDATE_DATASET").unwrap();
    assert_eq!(update["details"], "AUTHOR_CHANGED");
    let create = lines.iter().find(|line| line["userAction"] == "CREATE_DATASET").unwrap();
    assert!(create["details"].is_null());
    assert_eq!(create.as_object().unwrap().len(), 7);
}

#[tokio::test]
async fn wrong_parameters_are_400_by_name() {
    let service = Service::start().await;
    for (query, message) in [
        ("userAction=READ", "userAction"),
        ("blockchain=DOGE", "blockchain"),
        ("skipTraces=-1", "skipTraces"),
        ("limitTraces=all", "limitTraces"),
        ("limitTraces=10001", "limitTraces"),
        ("datasetId=%00&datasetId=a", "datasetId"),
    ] {
        let reply = service.get(&format!("/api/v1/traces?{query}")).await;
        assert_eq!(reply.status, 400, "{query}: {reply}");
        assert_eq!(reply.json()["errors"][0]["field"], message);
    }
}
