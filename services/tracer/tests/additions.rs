//! What the original never had: intervals, cursors, proofs, the integrity of a dataset.

use axum::http::Method;
use serde_json::{Value, json};
use strongroom_kernel::ports::StoredRecord;
use strongroom_ledger::{Leaf, TlogProof, commitment, leaf_hash};
use strongroom_testkit::Reply;

use crate::common::{READER, Service, WRITER, config, create_dataset, use_datasets};

const FILE: &str = "FN3IHojvv0PoxGh/Tr2EtbPmJK5K7JYSQwCeERL1Zys=";
const EMPTY: &str = "p//G+L8e12ZRwUdWoGHWYvWA/03kO0n6gtgKS4D4Q0o=";

/// Ids of a walk by cursor, page by page.
async fn walk(service: &Service, query: &str, limit: usize) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/traces?{query}&limitTraces={limit}&cursor={cursor}");
        let found = service.get(&path).await.json()["traces"][0].clone();
        let lines = found["traces"].as_array().unwrap();
        pages.push(lines.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect());
        match found["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn a_cursor_walks_through_all_whatever_is_added_meanwhile() {
    let service = Service::start().await;
    let mut ids = Vec::new();
    for number in 0..25 {
        // two datasets of one trace, and several traces of one millisecond
        ids.insert(0, service.add(&use_datasets("u", &["d", "e"])).await);
        if number % 4 == 0 {
            service.platform.clock.advance(std::time::Duration::from_millis(1));
        }
    }
    for query in ["datasetId=d", "datasetId=d&datasetId=e", "userId=u", "", "datasetId=e&userId=U"] {
        let pages = walk(&service, query, 7).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [7, 7, 7, 4], "{query}");
        assert_eq!(pages.concat(), ids, "{query}");
    }
    let first = service.get("/api/v1/traces?datasetId=d&limitTraces=10&cursor=").await.json();
    let next = first["traces"][0]["nextCursor"].as_str().unwrap();
    service.add(&use_datasets("u", &["d"])).await;
    let path = format!("/api/v1/traces?datasetId=d&limitTraces=5&cursor={next}");
    let second = service.get(&path).await.json()["traces"][0].clone();
    let seen: Vec<&str> =
        second["traces"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(seen, ids[10..15]);
    assert_eq!(second["countAllTraces"], 26);
    // who asks for none gets what the original answers, and no member more
    let plain = service.get("/api/v1/traces?datasetId=d").await.json();
    assert_eq!(plain["traces"][0].as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn an_interval_is_half_open_and_counted() {
    let service = Service::start().await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(service.add(&use_datasets("u", &["d"])).await);
        service.platform.clock.advance(std::time::Duration::from_secs(1));
    }
    let first = service.get(&format!("/api/v1/traces/{}", ids[0])).await.json();
    let start: i64 = first["traces"][0]["trace"]["timestamp"].as_str().unwrap().parse().unwrap();
    for filter in ["datasetId=d", "userId=u", "callerUserId=dataset-service", "datasetId=d&userId=u", ""] {
        let query = format!("{filter}&from={}&to={}", start + 1_000, start + 4_000);
        let expected = vec![ids[3].clone(), ids[2].clone(), ids[1].clone()];
        assert_eq!(service.search(&query).await, (expected, 3), "{filter}");
        assert_eq!(service.search(&format!("{filter}&to={start}")).await, (Vec::new(), 0));
        let query = format!("{filter}&from={}&limitTraces=2", start + 1_000);
        assert_eq!(service.search(&query).await, (vec![ids[5].clone(), ids[4].clone()], 5), "{filter}");
    }
    assert_eq!(service.get("/api/v1/traces?from=2&to=1").await.status, 400);
    assert_eq!(service.get("/api/v1/traces?cursor=x").await.status, 400);
}

#[tokio::test]
async fn what_is_pending_is_shown_unless_it_is_not_wanted() {
    let service = Service::without_end().await;
    service.add(&use_datasets("u", &["d"])).await;
    for filter in ["datasetId=d", "userId=u", "callerUserId=dataset-service", "datasetId=d&userId=u", ""] {
        assert_eq!(service.search(filter).await.1, 1, "{filter}");
        assert_eq!(service.search(&format!("{filter}&includePending=true")).await.1, 1, "{filter}");
        let none = service.search(&format!("{filter}&includePending=false")).await;
        assert_eq!(none, (Vec::new(), 0), "{filter}");
    }
    let service = Service::start().await;
    let id = service.add(&use_datasets("u", &["d"])).await;
    service.settle().await;
    assert_eq!(service.search("includePending=false").await, (vec![id], 1));
}

async fn proof(service: &Service, id: &str, accept: &str) -> Reply {
    let headers = [("authorization", READER), ("accept", accept)];
    service.ask_as(Method::GET, &format!("/api/v1/traces/{id}/proof"), &headers, "").await
}

fn bytes(value: &Value) -> Vec<u8> {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    BASE64_STANDARD.decode(value.as_str().unwrap()).unwrap()
}

/// The leaf of a proof is in the ledger, and commits to the record beside it.
fn assert_proven(service: &Service, shown: &Value) -> Value {
    let leaf = bytes(&shown["leaf"]);
    let nonce: [u8; 32] = bytes(&shown["nonce"]).try_into().unwrap();
    let record = shown["record"].as_str().unwrap();
    assert_eq!(Leaf::decode(&leaf).unwrap().commitment, commitment(&nonce, record.as_bytes()));
    let proof: TlogProof = shown["proof"].as_str().unwrap().parse().unwrap();
    let key = service.platform.kernel.ledger().verifier();
    proof.verify(leaf_hash(&leaf), "test.example/strongroom", &[key]).unwrap();
    let stored = StoredRecord {
        index: shown["index"].as_u64().unwrap(),
        sequence: 0,
        leaf,
        nonce,
        canonical: record.as_bytes().to_vec(),
        openings: shown["openings"].as_str().unwrap().as_bytes().to_vec(),
    };
    strongroom_kernel::record::plain(&stored).unwrap().1
}

#[tokio::test]
async fn a_trace_is_proven_with_its_record_and_nothing_else_of_it_is_opened() {
    let service = Service::start().await;
    service.add(&use_datasets("u", &["d"])).await;
    let id = service.add(&create_dataset("new person", "d")).await;
    service.settle().await;
    let text = proof(&service, &id, "*/*").await;
    assert_eq!((text.status, text.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    assert!(text.text().starts_with("c2sp.org/tlog-proof"), "{text}");
    let shown = proof(&service, &id, "application/json").await.json();
    assert_eq!((&shown["index"], &shown["proof"]), (&json!(1), &json!(text.text())));
    let plain = assert_proven(&service, &shown).to_string();
    assert!(plain.contains(FILE) && plain.contains(&id), "{plain}");
    assert!(!plain.contains("new person"), "{plain}");
    for (unknown, status) in [("x", 404), ("11111111-1111-4111-8111-111111111111", 404)] {
        assert_eq!(proof(&service, unknown, "*/*").await.status, status, "{unknown}");
    }
}

#[tokio::test]
async fn a_proof_is_for_who_may_read_the_trace() {
    let mut config = config();
    config.readers = strongroom_tracer::config::Readers::Own;
    let service = Service::with(config).await;
    let id = service.add(&create_dataset("u", "d")).await;
    service.settle().await;
    assert_eq!(proof(&service, &id, "*/*").await.status, 403);
    let path = format!("/api/v1/traces/{id}/proof");
    assert_eq!(service.ask_as(Method::GET, &path, &[("authorization", WRITER)], "").await.status, 200);
}

async fn check(service: &Service, dataset: &str, body: Value) -> Reply {
    let path = format!("/api/v1/datasets/{dataset}/integrity");
    service.ask_as(Method::POST, &path, &[("authorization", READER)], body.to_string()).await
}

#[tokio::test]
async fn the_integrity_of_a_dataset_is_judged_against_its_newest_creation_with_a_proof() {
    let service = Service::start().await;
    service.add(&create_dataset("u", "D1")).await;
    let newest = service.add(&create_dataset("u", "D1")).await;
    service.add(&use_datasets("u", &["D1"])).await;
    service.settle().await;
    let hash = |id: &str, hash: &str| json!({ "id": id, "hash": hash, "hashType": "SHA3_256" });
    let all = json!([hash("index", FILE), hash("images", FILE), { "id": "clinicalData", "data": "VGhpcyBpcyBhIGZpbGU=" }]);
    let answer = check(&service, "d1", all).await.json();
    assert_eq!((&answer["intact"], &answer["traceId"]), (&json!(true), &json!(newest)), "{answer}");
    assert!(assert_proven(&service, &answer["proof"]).to_string().contains(FILE));
    let some = json!({ "resources": [hash("index", EMPTY), hash("images", FILE), hash("other", FILE)] });
    let answer = check(&service, "D1", some).await.json();
    assert_eq!(answer["intact"], false);
    let verdicts: Vec<&str> =
        answer["resources"].as_array().unwrap().iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["CHANGED", "INTACT", "UNKNOWN", "NOT_CHECKED"]);
    assert_eq!(answer["resources"][0]["recordedHash"], FILE);
    assert_eq!(check(&service, "D2", json!([hash("index", FILE)])).await.status, 404);
    assert_eq!(check(&service, "D1", json!([{ "id": "index" }])).await.status, 422);
    assert_eq!(check(&service, "D1", json!(1)).await.status, 400);
}

#[tokio::test]
async fn the_growth_of_the_ledger_is_proven_to_anybody() {
    let service = Service::start().await;
    for _ in 0..5 {
        service.add(&use_datasets("u", &["d"])).await;
    }
    service.settle().await;
    let ask = async |query: &str| {
        service.ask_as(Method::GET, &format!("/api/v1/log/consistency?{query}"), &[], "").await
    };
    let answer = ask("from=3&to=5").await.json();
    let hash = |value: &Value| strongroom_ledger::Hash::from(<[u8; 32]>::try_from(bytes(value)).unwrap());
    let proof: Vec<_> = answer["proof"].as_array().unwrap().iter().map(hash).collect();
    let (older, newer) = (hash(&answer["fromRootHash"]), hash(&answer["toRootHash"]));
    strongroom_ledger::verify_consistency(3, 5, older, newer, &proof).unwrap();
    assert!(answer["checkpoint"].as_str().unwrap().starts_with("test.example/strongroom\n5\n"));
    assert_eq!(ask("from=5").await.json()["proof"], json!([]));
    assert_eq!(ask("from=0").await.json()["proof"], json!([]));
    for wrong in ["", "from=6", "from=4&to=3", "from=1&to=6", "from=x"] {
        assert_eq!(ask(wrong).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn ids_of_traces_rise_with_their_times() {
    let service = Service::start().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(service.add(&use_datasets("u", &["d"])).await);
        service.platform.clock.advance(std::time::Duration::from_millis(1));
    }
    assert!(ids.is_sorted(), "{ids:?}");
}
