//! A service on a test platform, and requests to it as its clients send them.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{Method, header},
};
use strongroom_bytes::{
    BytesState, SCHEMA,
    config::{BytesConfig, Secret},
    router,
    wire::event::RAW_FILE_RECEIVED,
};
use strongroom_testkit::{FakeAnchor, Reply, TestPlatform, send};

pub(crate) const BOEFJE_META_ID: &str = "6d1f0f6e-4d0b-4a53-9a57-1c9e0c6d7a10";
pub(crate) const UNKNOWN_ID: &str = "11111111-1111-4111-8111-111111111111";

/// The service with one logged-in client.
pub(crate) struct Service {
    pub(crate) platform: TestPlatform,
    pub(crate) state: BytesState,
    pub(crate) anchor: Arc<FakeAnchor>,
    pub(crate) router: Router,
    pub(crate) token: String,
}

pub(crate) fn config() -> BytesConfig {
    BytesConfig {
        secret: Some(Secret::new("test-secret")),
        username: "kat".to_owned(),
        password: Some(Secret::new("hush")),
        proof_budget: Duration::from_millis(50),
        ..BytesConfig::default()
    }
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::on(TestPlatform::start(SCHEMA, RAW_FILE_RECEIVED).await).await
    }

    pub(crate) async fn on(platform: TestPlatform) -> Self {
        Self::with(platform, config()).await
    }

    pub(crate) async fn with(platform: TestPlatform, config: BytesConfig) -> Self {
        let anchor = Arc::new(FakeAnchor::new(None));
        let state = BytesState::new(platform.kernel.clone(), config, Arc::clone(&anchor) as _);
        let router = router(state.clone());
        let mut service = Self { platform, state, anchor, router, token: String::new() };
        let login = service.login("kat", "hush").await;
        login.json()["access_token"].as_str().unwrap().clone_into(&mut service.token);
        service
    }

    /// The service after a restart of the process, on the same data.
    pub(crate) async fn restart(self) -> Self {
        let Self { platform, state, router, .. } = self;
        drop((state, router));
        Self::on(platform.restart().await).await
    }

    pub(crate) async fn login(&self, username: &str, password: &str) -> Reply {
        let form = format!("username={username}&password={password}");
        let request = Request::post("/token")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into())
            .unwrap();
        send(&self.router, request).await
    }

    /// A request with the client's token and, as the scanner's client has it, no content type.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: impl Into<Body>) -> Reply {
        self.ask_as(method, path, &[("authorization", &format!("bearer {}", self.token))], body).await
    }

    pub(crate) async fn ask_as(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "bytes.test");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(&self.router, request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask(Method::GET, path, Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Reply {
        self.ask(Method::POST, path, body).await
    }

    /// A request without a token.
    pub(crate) async fn stranger(&self, method: Method, path: &str, body: impl Into<Body>) -> Reply {
        self.ask_as(method, path, &[], body).await
    }

    pub(crate) async fn save_boefje_meta(&self, meta: &Meta<'_>) {
        let reply = self.post_patiently("/bytes/boefje_meta", &meta.json()).await;
        assert_eq!(reply.to_string(), r#"201 {"status":"success"}"#);
    }

    /// Saves files of (name, base64, labels) and returns the ids in their order.
    pub(crate) async fn save_raw(
        &self,
        boefje_meta_id: &str,
        files: &[(&str, &str, &[&str])],
    ) -> Vec<String> {
        let reply = self.upload(boefje_meta_id, files).await;
        assert_eq!(reply.status, 200, "{reply}");
        let ids = reply.json();
        files.iter().map(|(name, _, _)| ids[*name].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn upload(&self, boefje_meta_id: &str, files: &[(&str, &str, &[&str])]) -> Reply {
        self.post_patiently(&format!("/bytes/raw?boefje_meta_id={boefje_meta_id}"), &upload(files)).await
    }

    /// Posts again while a slow machine is asked for more than it can do.
    async fn post_patiently(&self, path: &str, body: &str) -> Reply {
        loop {
            let reply = self.post(path, body.to_owned()).await;
            if reply.status != 503 {
                return reply;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn leaves(&self) -> Vec<String> {
        self.platform.stop_and_read_leaves().await.iter().map(ToString::to_string).collect()
    }
}

/// A scan job as the scanner's client posts it.
#[derive(Clone)]
pub(crate) struct Meta<'m> {
    pub(crate) id: &'m str,
    pub(crate) organization: &'m str,
    pub(crate) boefje: &'m str,
    pub(crate) input: Option<&'m str>,
    pub(crate) started_at: &'m str,
    pub(crate) ended_at: &'m str,
}

impl Default for Meta<'_> {
    fn default() -> Self {
        Self {
            id: BOEFJE_META_ID,
            organization: "acme",
            boefje: "ssl-version",
            input: Some("Hostname|internet|shop.example"),
            started_at: "1000-10-10T10:10:10Z",
            ended_at: "1000-10-10T10:10:11Z",
        }
    }
}

impl Meta<'_> {
    pub(crate) fn json(&self) -> String {
        let input = self.input.map_or("null".to_owned(), |input| format!("\"{input}\""));
        format!(
            concat!(
                r#"{{"id":"{}","started_at":"{}","ended_at":"{}","boefje":{{"id":"{}","version":"0.4"}},"#,
                r#""input_ooi":{},"arguments":{{"input":{{"name":"shop.example"}}}},"organization":"{}","#,
                r#""runnable_hash":null,"environment":{{"TOP_PORTS":"250"}}}}"#
            ),
            self.id, self.started_at, self.ended_at, self.boefje, input, self.organization
        )
    }
}

pub(crate) fn upload(files: &[(&str, &str, &[&str])]) -> String {
    let files: Vec<serde_json::Value> = files
        .iter()
        .map(|(name, content, tags)| serde_json::json!({"name": name, "content": content, "tags": tags}))
        .collect();
    serde_json::json!({"status": "COMPLETED", "files": files}).to_string()
}

/// The n-th of a series of ids.
pub(crate) fn id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}
