//! Resources that are given by their address: accepted at once, fetched beside the requests.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};
use strongroom_http::Metrics;
use strongroom_kernel::{ErasureRequest, ports::FetchError, verify::Silent};
use strongroom_model::Caller;
use strongroom_testkit::{FakeFetch, Reply, TestPlatform};
use strongroom_tracer::{
    BELONGS, Parts, SCHEMA, TracerState, config::TracerConfig, fetch_due, fetch_resources, router,
};
use tokio::{
    sync::watch,
    time::{Duration, timeout},
};

use crate::common::Service;

fn body(urls: &[&str]) -> String {
    let resources: Vec<_> = urls
        .iter()
        .map(|url| json!({ "id": "r", "contentType": "HTTP_FTP", "url": url, "name": "n" }))
        .collect();
    json!({ "userId": "u", "userAction": "CREATE_DATASET", "datasetId": "d", "resources": resources })
        .to_string()
}

struct Fetching {
    service: Service,
    state: TracerState,
    fetch: Arc<FakeFetch>,
}

impl Fetching {
    async fn start() -> Self {
        Self::on(TestPlatform::start(SCHEMA, "none").await, Arc::new(FakeFetch::new()))
    }

    fn on(platform: TestPlatform, fetch: Arc<FakeFetch>) -> Self {
        let parts = Parts { fetch: Some(Arc::clone(&fetch) as _), ..Parts::default() };
        let metrics = Arc::new(Metrics::new());
        let state = TracerState::new(platform.kernel.clone(), TracerConfig::default(), metrics, parts);
        Self { service: Service { platform, router: router(state.clone()) }, state, fetch }
    }

    async fn restart(self) -> Self {
        let Self { service, state, fetch } = self;
        let Service { platform, router } = service;
        drop((router, state));
        Self::on(platform.restart().await, fetch)
    }

    /// The one entry of the cache.
    async fn entry(&self) -> Value {
        let entries = self.service.get("/api/v1/traces/cache").await.json();
        assert_eq!(entries.as_array().unwrap().len(), 1, "{entries}");
        entries[0].clone()
    }

    async fn resources(&self, id: &str) -> Value {
        let trace = self.service.get(&format!("/api/v1/traces/{id}")).await.json();
        trace["traces"][0]["trace"]["traceResources"].clone()
    }

    async fn put(&self, entry: &Value, body: &str) -> Reply {
        let path = format!("/api/v1/traces/cache/{}", entry["id"].as_str().unwrap());
        self.service.ask_as(Method::PUT, &path, &[], body.to_owned()).await
    }
}

#[tokio::test]
async fn a_trace_is_durable_before_anybody_is_asked_and_its_file_is_added_where_it_is_shown() {
    let it = Fetching::start().await;
    let reply = it.service.post(body(&["https://files.test/a", "https://files.test/empty"])).await;
    assert_eq!(reply.status, 200, "{reply}");
    assert_eq!(reply.json()[0]["status"], "FETCHING");
    let id = reply.json()[0]["traceId"].as_str().unwrap().to_owned();
    it.service.settle().await;
    // it is final and stays in the cache for its files, also after a restart
    let it = it.restart().await;
    let entry = it.entry().await;
    assert_eq!((&entry["status"], &entry["statusMessage"]), (&json!("FETCHING"), &Value::Null));
    assert_eq!(entry["transactionId"], "test.example/strongroom/0");
    assert_eq!(it.resources(&id).await[0]["contentHash"], Value::Null);
    it.fetch.offer("https://files.test/a", "This is a file");
    it.fetch.offer("https://files.test/empty", "");
    assert_eq!(fetch_due(&it.state).await.unwrap(), 2);
    assert_eq!(fetch_due(&it.state).await.unwrap(), 0);
    let resources = it.resources(&id).await;
    assert_eq!(resources[0]["contentHash"], "FN3IHojvv0PoxGh/Tr2EtbPmJK5K7JYSQwCeERL1Zys=");
    assert_eq!(resources[0]["contentHashType"], "SHA3_256");
    assert_eq!(resources[0]["contentLength"], 14);
    assert_eq!(resources[0]["fetched"], "2025-03-04T10:20:42.017305Z");
    assert_eq!(resources[1]["contentHash"], "p//G+L8e12ZRwUdWoGHWYvWA/03kO0n6gtgKS4D4Q0o=");
    // where it came from is kept as a digest alone
    assert_eq!(resources[0]["pathHashType"], "SHA3_256");
    assert_eq!(resources[0]["sourceHash"], resources[0]["pathHash"], "it was not redirected");
    assert!(!resources.to_string().contains("files.test"));
    it.service.settle().await;
    assert_eq!(it.service.get("/api/v1/traces/cache").await.json(), json!([]));
    let leaves = it.service.leaves().await;
    assert_eq!(leaves, ["add_trace by stranger", "fetch_resource by tracer", "fetch_resource by tracer"]);
}

#[tokio::test]
async fn tries_are_seen_repeated_after_pauses_and_given_up_in_the_end() {
    let it = Fetching::start().await;
    it.fetch.fail("https://files.test/slow", || FetchError::Time);
    let id = it.service.add(&body(&["https://files.test/slow"])).await;
    let mut pause = 5;
    for tries in 1..=7 {
        assert_eq!(fetch_due(&it.state).await.unwrap(), 1, "try {tries}");
        assert_eq!(fetch_due(&it.state).await.unwrap(), 0, "not before its time");
        let entry = it.entry().await;
        let message = entry["statusMessage"].as_str().unwrap();
        assert_eq!(entry["status"], "FETCHING");
        let says = format!("did not send the file in time (tries: {tries}, next try at ");
        assert!(message.contains(&says), "{message}");
        it.service.platform.clock.advance(Duration::from_secs(pause));
        pause *= 2;
    }
    assert_eq!(fetch_due(&it.state).await.unwrap(), 1);
    it.service.platform.clock.advance(Duration::from_hours(24));
    assert_eq!(fetch_due(&it.state).await.unwrap(), 0, "it was given up");
    let entry = it.entry().await;
    assert_eq!(entry["status"], "ERROR");
    assert!(entry["statusMessage"].as_str().unwrap().contains("given up"), "{entry}");
    assert_eq!(it.resources(&id).await[0]["contentHash"], Value::Null);
    // nothing of it is rewritten, and its files are fetched again on demand
    let edit = r#"{"fields":[{"fieldName":"status","fieldValue":"WAITING"}]}"#;
    assert_eq!(it.put(&entry, edit).await.status, 409);
    let same = it.put(&entry, r#"{"fields":[]}"#).await;
    assert_eq!((same.status, same.json()["status"].clone()), (200, json!("ERROR")));
    let again = it.put(&entry, r#"{"fields":[],"runBlockchainCommit":true}"#).await;
    assert_eq!((again.status, again.json()["status"].clone()), (200, json!("FETCHING")));
    it.fetch.offer("https://files.test/slow", "This is a file");
    assert_eq!(fetch_due(&it.state).await.unwrap(), 1);
    assert_eq!(it.resources(&id).await[0]["contentHash"], "FN3IHojvv0PoxGh/Tr2EtbPmJK5K7JYSQwCeERL1Zys=");
    assert!(it.service.leaves().await.iter().any(|leaf| leaf.starts_with("retry_fetches by stranger")));
}

#[tokio::test]
async fn what_can_never_be_had_is_given_up_at_once() {
    let it = Fetching::start().await;
    it.fetch.offer("https://files.test/a", "a");
    it.fetch.fail("https://files.test/inside", || FetchError::Address);
    it.service.add(&body(&["https://files.test/a", "https://files.test/inside"])).await;
    assert_eq!(fetch_due(&it.state).await.unwrap(), 2);
    let entry = it.entry().await;
    assert_eq!(entry["status"], "ERROR");
    let message = entry["statusMessage"].as_str().unwrap();
    assert!(message.contains("resources[1].url could not be fetched: "), "{message}");
    assert!(message.contains("no address that may be asked") && !message.contains("files.test"), "{message}");
}

#[tokio::test]
async fn a_file_whose_address_was_erased_is_given_up() {
    let it = Fetching::start().await;
    it.fetch.offer("https://files.test/a", "This is a file");
    let id = it.service.add(&body(&["https://files.test/a"])).await;
    let subject = "https://files.test/a".parse().unwrap();
    let request = ErasureRequest { subject, rows: false, caller: Caller::system("test") };
    it.service.platform.kernel.erase(&request, BELONGS, &Silent).await.unwrap();
    let tried = timeout(Duration::from_mins(1), fetch_due(&it.state)).await.expect("it was due for ever");
    assert_eq!(tried.unwrap(), 1);
    let entry = it.entry().await;
    assert_eq!(entry["status"], "ERROR");
    assert!(entry["statusMessage"].as_str().unwrap().contains("its address was erased"), "{entry}");
    assert_eq!(it.resources(&id).await[0]["contentHash"], Value::Null);
}

#[tokio::test]
async fn what_is_under_way_is_not_hidden_behind_a_thousand_failures() {
    let it = Fetching::start().await;
    it.fetch.fail("https://files.test/inside", || FetchError::Address);
    let many = body(&["https://files.test/inside"; 20]);
    let oldest = it.service.add(&many).await;
    for _ in 1..51 {
        it.service.add(&many).await;
    }
    assert_eq!(fetch_due(&it.state).await.unwrap(), 1_020);
    it.service.platform.clock.advance(Duration::from_secs(1));
    let id = it.service.add(&body(&["https://files.test/a"])).await;
    it.service.settle().await;
    let entries = it.service.get("/api/v1/traces/cache").await.json();
    let entries = entries.as_array().unwrap();
    let newest = entries.last().unwrap();
    assert_eq!((&newest["traceId"], &newest["status"]), (&json!(id), &json!("FETCHING")));
    let failed = entries.iter().filter(|entry| entry["status"] == "ERROR").count();
    assert_eq!((failed, entries.len()), (50, 51), "a thousand failed files");
    assert!(entries.iter().all(|entry| entry["traceId"] != oldest.as_str()), "the newest of them");
}

#[tokio::test]
async fn what_comes_while_it_runs_is_fetched_by_itself() {
    let it = Fetching::start().await;
    it.fetch.offer("https://files.test/a", "This is a file");
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(fetch_resources(it.state.clone(), stopped));
    let id = it.service.add(&body(&["https://files.test/a"])).await;
    let fetched = async {
        while it.resources(&id).await[0]["contentHash"].is_null() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_mins(1), fetched).await.unwrap();
    stop.send_replace(true);
    running.await.unwrap();
}

#[tokio::test]
async fn a_repetition_under_a_key_asks_nobody_again() {
    let it = Fetching::start().await;
    it.fetch.offer("https://files.test/a", "This is a file");
    let post = async || {
        let headers = [("idempotency-key", "k"), ("content-type", "application/json")];
        let body = body(&["https://files.test/a"]);
        it.service.ask_as(Method::POST, "/api/v1/traces", &headers, body).await
    };
    let first = post().await.json();
    let second = post().await.json();
    assert_eq!(first[0]["traceId"], second[0]["traceId"]);
    assert_eq!(fetch_due(&it.state).await.unwrap(), 1);
    post().await;
    assert_eq!(fetch_due(&it.state).await.unwrap(), 0);
}

#[tokio::test]
async fn what_would_never_be_asked_for_is_told_and_nothing_is_added() {
    let it = Fetching::start().await;
    let reply = it.service.post(body(&["https://files.test/a", "ftp://files.test/a"])).await;
    assert_eq!(reply.status, 422, "{reply}");
    assert!(reply.text().contains("resources[1].url cannot be fetched"), "{reply}");
    assert!(reply.text().contains("not one of those allowed: https, http"), "{reply}");
    let many = vec!["https://files.test/a"; 21];
    assert_eq!(it.service.post(body(&many)).await.status, 422);
    assert_eq!(it.service.leaves().await, Vec::<String>::new());
}

#[tokio::test]
async fn nobody_is_asked_unless_allowed() {
    let service = Service::open().await;
    let reply = service.post(body(&["https://files.test/a"])).await;
    assert_eq!(reply.status, 422, "{reply}");
    assert!(reply.text().contains("HTTP_FTP is switched off here"), "{reply}");
}
