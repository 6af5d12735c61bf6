//! Resources that are given by their address.

use std::sync::Arc;

use strongroom_http::Metrics;
use strongroom_kernel::ports::FetchError;
use strongroom_testkit::{FakeFetch, TestPlatform};
use strongroom_tracer::{Parts, SCHEMA, TracerState, config::TracerConfig, router};

use crate::common::Service;

fn body(urls: &[&str]) -> String {
    let resources: Vec<_> = urls
        .iter()
        .map(|url| serde_json::json!({ "id": "r", "contentType": "HTTP_FTP", "url": url, "name": "n" }))
        .collect();
    serde_json::json!({ "userId": "u", "userAction": "CREATE_DATASET", "datasetId": "d", "resources": resources })
        .to_string()
}

async fn service(fetch: Option<Arc<FakeFetch>>) -> Service {
    let platform = TestPlatform::start(SCHEMA, "none").await;
    let parts = Parts { fetch: fetch.map(|fetch| fetch as _), ..Parts::default() };
    let state =
        TracerState::new(platform.kernel.clone(), TracerConfig::default(), Arc::new(Metrics::new()), parts);
    Service { platform, router: router(state) }
}

#[tokio::test]
async fn a_file_is_fetched_and_hashed_before_its_trace_is_added() {
    let fetch = Arc::new(FakeFetch::new());
    fetch.offer("https://files.test/a", "This is a file");
    fetch.offer("https://files.test/empty", "");
    let service = service(Some(fetch)).await;
    let id = service.add(&body(&["https://files.test/a", "https://files.test/empty"])).await;
    let trace = service.get(&format!("/api/v1/traces/{id}")).await.json();
    let resources = &trace["traces"][0]["trace"]["traceResources"];
    assert_eq!(resources[0]["contentHash"], "FN3IHojvv0PoxGh/Tr2EtbPmJK5K7JYSQwCeERL1Zys=");
    assert_eq!(resources[0]["contentHashType"], "SHA3_256");
    assert_eq!(resources[1]["contentHash"], "p//G+L8e12ZRwUdWoGHWYvWA/03kO0n6gtgKS4D4Q0o=");
    // where it came from is kept as a digest alone
    assert_eq!(resources[0]["pathHashType"], "SHA3_256");
    assert!(!trace.to_string().contains("files.test"));
}

#[tokio::test]
async fn what_cannot_be_fetched_is_told_and_nothing_is_added() {
    let fetch = Arc::new(FakeFetch::new());
    fetch.offer("https://files.test/a", "a");
    fetch.fail("https://files.test/inside", || FetchError::Address);
    fetch.fail("https://files.test/slow", || FetchError::Time);
    let service = service(Some(fetch)).await;
    for (url, status, says) in [
        (
            "https://files.test/gone",
            422,
            "resources[1].url could not be fetched: the server answered with status 404",
        ),
        ("https://files.test/inside", 422, "no address that may be asked"),
        ("https://files.test/slow", 503, "did not send the file in time"),
        ("ftp://files.test/a", 422, "not one of those allowed: https, http"),
    ] {
        let reply = service.post(body(&["https://files.test/a", url])).await;
        assert_eq!(reply.status, status, "{url}: {reply}");
        assert!(reply.text().contains(says), "{url}: {reply}");
    }
    let many = vec!["https://files.test/a"; 21];
    assert_eq!(service.post(body(&many)).await.status, 422);
    assert_eq!(service.leaves().await, Vec::<String>::new());
}

#[tokio::test]
async fn nobody_is_asked_unless_allowed() {
    let service = service(None).await;
    let reply = service.post(body(&["https://files.test/a"])).await;
    assert_eq!(reply.status, 422, "{reply}");
    assert!(reply.text().contains("HTTP_FTP is switched off here"), "{reply}");
}
