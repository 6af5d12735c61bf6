//! A service on a test platform, and requests to it as its clients send them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{Method, header},
};
use strongroom_http::Metrics;
use strongroom_kernel::{Kernel, Row as _};
use strongroom_model::{Error, ErrorKind, Secret};
use strongroom_testkit::{Reply, TestPlatform, send};
use strongroom_tracer::{
    Finality, Parts, SCHEMA, TracerState,
    callers::{Identified, TokenRefusal, Tokens},
    config::TracerConfig,
    router,
    tables::Trace,
};

/// Tokens that are `<subject>:<role>,<role>`; what has no colon does not hold, `away` cannot be checked.
#[derive(Debug)]
struct PlainTokens;

#[async_trait]
impl Tokens for PlainTokens {
    async fn identify(&self, token: &str) -> Result<Identified, TokenRefusal> {
        if token == "away" {
            let error = Error::new(ErrorKind::Unavailable, "the identity provider does not answer");
            return Err(TokenRefusal::Unavailable(error.with_retry_after(Duration::from_secs(1))));
        }
        let (subject, roles) = token.split_once(':').ok_or(TokenRefusal::Invalid("the token has expired"))?;
        let roles = roles.split(',').filter(|role| !role.is_empty()).map(str::to_owned).collect();
        Ok(Identified { subject: subject.to_owned(), roles })
    }
}

/// Nothing is ever final.
#[derive(Debug)]
struct NothingIsFinal;

#[async_trait]
impl Finality for NothingIsFinal {
    async fn final_size(&self, _: &Kernel) -> Result<u64, Error> {
        Ok(0)
    }
}

pub(crate) struct Service {
    pub(crate) platform: TestPlatform,
    pub(crate) router: Router,
}

pub(crate) fn config() -> TracerConfig {
    let mut config = TracerConfig::default();
    config.admin.password = Some(Secret::new("hush"));
    config
}

pub(crate) const WRITER: &str = "bearer dataset-service:trace_writer";
pub(crate) const READER: &str = "Bearer somebody:";

impl Service {
    /// With tokens and an administrator.
    pub(crate) async fn start() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn with(config: TracerConfig) -> Self {
        Self::on(TestPlatform::start(SCHEMA, "none").await, config, Some(Arc::new(PlainTokens)), None)
    }

    /// As the first version: nobody is asked who he is.
    pub(crate) async fn open() -> Self {
        Self::on(TestPlatform::start(SCHEMA, "none").await, TracerConfig::default(), None, None)
    }

    /// Everything stays in the cache.
    pub(crate) async fn without_end() -> Self {
        let platform = TestPlatform::start(SCHEMA, "none").await;
        Self::on(platform, config(), Some(Arc::new(PlainTokens)), Some(Arc::new(NothingIsFinal)))
    }

    pub(crate) fn on(
        platform: TestPlatform,
        config: TracerConfig,
        tokens: Option<Arc<dyn Tokens>>,
        finality: Option<Arc<dyn Finality>>,
    ) -> Self {
        let parts = Parts { tokens, finality, ..Parts::default() };
        let state = TracerState::new(platform.kernel.clone(), config, Arc::new(Metrics::new()), parts);
        Self { platform, router: router(state) }
    }

    /// With tokens and an administrator, on this platform.
    pub(crate) fn usual_on(platform: TestPlatform) -> Self {
        Self::on(platform, config(), Some(Arc::new(PlainTokens)), None)
    }

    /// The service after a restart of the process, on the same data.
    pub(crate) async fn restart(self) -> Self {
        let Self { platform, router } = self;
        drop(router);
        Self::usual_on(platform.restart().await)
    }

    pub(crate) async fn ask_as(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8090");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(&self.router, request.body(body.into()).unwrap()).await
    }

    /// A GET as a client of no role sends it.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask_as(Method::GET, path, &[("authorization", READER), ("content-length", "0")], "").await
    }

    /// A POST as the dataset service sends it.
    pub(crate) async fn post(&self, body: impl Into<Body>) -> Reply {
        let headers = [("authorization", WRITER), ("content-type", "application/json;charset=UTF-8")];
        self.ask_as(Method::POST, "/api/v1/traces", &headers, body).await
    }

    /// Posts a trace that must be taken; returns its id.
    pub(crate) async fn add(&self, body: &str) -> String {
        loop {
            let reply = self.post(body.to_owned()).await;
            if reply.status == 503 {
                tokio::task::yield_now().await;
                continue;
            }
            assert_eq!(reply.status, 200, "{body}: {reply}");
            return reply.json()[0]["traceId"].as_str().unwrap().to_owned();
        }
    }

    /// The page of a search: ids in order, and the total.
    pub(crate) async fn search(&self, query: &str) -> (Vec<String>, u64) {
        let reply = self.get(&format!("/api/v1/traces?{query}")).await;
        assert_eq!(reply.status, 200, "{query}: {reply}");
        let json = reply.json();
        let found = &json["traces"][0];
        let ids = found["traces"].as_array().unwrap().iter();
        let ids = ids.map(|line| line["id"].as_str().unwrap().to_owned()).collect();
        (ids, found["countAllTraces"].as_u64().unwrap())
    }

    pub(crate) async fn leaves(&self) -> Vec<String> {
        self.platform.stop_and_read_leaves().await.iter().map(ToString::to_string).collect()
    }

    /// Waits until the published checkpoint covers every trace; on PostgreSQL they come into the ledger a moment after
    /// their answer.
    pub(crate) async fn settle(&self) {
        let kernel = &self.platform.kernel;
        let traces = kernel.database().count_rows(Trace::TABLE).await.unwrap();
        self.covers(kernel.ledger().size().max(traces)).await;
    }

    /// Waits until the published checkpoint covers that many leaves.
    pub(crate) async fn covers(&self, size: u64) {
        let mut watch = self.platform.kernel.ledger().watch();
        let covered = watch.wait_for(|published| published.size >= size);
        tokio::time::timeout(Duration::from_mins(1), covered).await.unwrap().unwrap();
    }
}

pub(crate) fn use_datasets(user: &str, datasets: &[&str]) -> String {
    serde_json::json!({ "userId": user, "userAction": "USE_DATASETS", "datasetsIds": datasets }).to_string()
}

pub(crate) fn create_dataset(user: &str, dataset: &str) -> String {
    let hash = |id: &str| {
        let hash = "FN3IHojvv0PoxGh/Tr2EtbPmJK5K7JYSQwCeERL1Zys=";
        serde_json::json!({ "id": id, "contentType": "HASH", "hash": hash, "hashType": "SHA3_256" })
    };
    let resources = [hash("index"), hash("images"), hash("clinicalData")];
    serde_json::json!({
        "userId": user, "userAction": "CREATE_DATASET", "datasetId": dataset, "resources": resources,
    })
    .to_string()
}

/// One trace of every action, by its name.
pub(crate) fn one_of_each() -> BTreeMap<&'static str, String> {
    let body = |value: serde_json::Value| value.to_string();
    BTreeMap::from([
        ("CREATE_DATASET", create_dataset("u", "d")),
        (
            "CREATE_VERSION_DATASET",
            body(serde_json::json!({
                "userId": "u", "userAction": "CREATE_VERSION_DATASET", "datasetsIds": "d",
                "previousIds": ["c"], "resources": [],
            })),
        ),
        (
            "VISUALIZE_VERSION_DATASET",
            body(serde_json::json!({
                "userId": "u", "userAction": "VISUALIZE_VERSION_DATASET", "datasetId": "d",
            })),
        ),
        (
            "UPDATE_DATASET",
            body(serde_json::json!({
                "userId": "u", "userAction": "UPDATE_DATASET", "datasetId": "d", "details": "AUTHOR_CHANGED",
            })),
        ),
        ("USE_DATASETS", use_datasets("u", &["d"])),
        (
            "CREATE_MODEL",
            body(serde_json::json!({
                "userId": "u", "userAction": "CREATE_MODEL", "datasetsIds": ["d"],
                "applicationId": "a", "modelId": "m",
            })),
        ),
        (
            "USE_MODELS",
            body(serde_json::json!({
                "userId": "u", "userAction": "USE_MODEL_POD", "applicationId": "a", "modelsIds": ["m"],
            })),
        ),
    ])
}
