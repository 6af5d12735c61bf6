//! Bearer tokens of an identity provider, by URL: who gets in, with which role, and what the others are told.

use std::sync::Arc;

use axum::{Router, body::Body, extract::Request, http::Method};
use serde_json::{Value, json};
use strongroom_http::Metrics;
use strongroom_identity::oidc::{Documents, OidcSettings, Realm};
use strongroom_kernel::ports::Clock as _;
use strongroom_testkit::{FakeProvider, Reply, SigningKey, TestPlatform, send};
use strongroom_tracer::{Parts, SCHEMA, TracerState, config::TracerConfig, router};
use tokio::{sync::watch, time::Duration};

const ISSUER: &str = "https://idp.example/realms/CHAIMELEON";
const TRACE: &str = r#"{"userId":"u1","userAction":"USE_DATASETS","datasetsIds":["d1"]}"#;
const TRACES: &str = "/api/v1/traces";

struct Service {
    platform: TestPlatform,
    provider: Arc<FakeProvider>,
    router: Router,
    _stop: watch::Sender<bool>,
}

impl Service {
    async fn start() -> Self {
        Self::with(FakeProvider::new(ISSUER)).await
    }

    async fn with(provider: Arc<FakeProvider>) -> Self {
        Self::on(TestPlatform::start(SCHEMA, "none").await, provider)
    }

    /// For tests that pause time.
    async fn without_server(provider: Arc<FakeProvider>) -> Self {
        Self::on(TestPlatform::start_embedded(SCHEMA, "none").await, provider)
    }

    fn on(platform: TestPlatform, provider: Arc<FakeProvider>) -> Self {
        let documents = Arc::clone(&provider) as Arc<dyn Documents>;
        let settings = OidcSettings::new(ISSUER, "tracer-webservice");
        let realm = Realm::new(settings, &documents, Arc::clone(&platform.clock) as _).unwrap();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn({
            let realm = realm.clone();
            async move { realm.refresh(stopped).await }
        });
        let parts = Parts { tokens: Some(Arc::new(realm)), ..Parts::default() };
        let metrics = Arc::new(Metrics::new());
        let state = TracerState::new(platform.kernel.clone(), TracerConfig::default(), metrics, parts);
        Self { platform, provider, router: router(state), _stop: stop }
    }

    fn claims(&self, roles: &[&str]) -> Value {
        self.provider.claims("0b0c", roles, self.platform.clock.now())
    }

    fn token(&self, roles: &[&str]) -> String {
        self.provider.token(&self.claims(roles))
    }

    async fn ask(&self, method: Method, path: &str, authorization: Option<&str>, body: &str) -> Reply {
        let mut request =
            Request::builder().method(method).uri(path).header("content-type", "application/json");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        send(&self.router, request.body(Body::from(body.to_owned())).unwrap()).await
    }

    async fn post(&self, token: &str) -> Reply {
        self.ask(Method::POST, TRACES, Some(&format!("bearer {token}")), TRACE).await
    }

    async fn list(&self, token: &str) -> Reply {
        self.ask(Method::GET, TRACES, Some(&format!("Bearer {token}")), "").await
    }
}

/// The answer is 401 with this reason, in the challenge and in the body.
fn assert_refused(reply: &Reply, reason: &str) {
    assert_eq!(reply.status, 401, "{reply}");
    let challenge =
        format!(r#"Bearer realm="CHAIMELEON", error="invalid_token", error_description="{reason}""#);
    assert_eq!(reply.header("www-authenticate"), Some(challenge.as_str()));
    assert!(reply.json()["error"].is_string(), "{reply}");
}

#[tokio::test]
async fn writers_and_administrators_post_in_whatever_letters_the_scheme_is_written() {
    let service = Service::start().await;
    for (scheme, role) in [("bearer", "trace_writer"), ("Bearer", "trace_writer"), ("BEARER", "admin")] {
        let authorization = format!("{scheme} {}", service.token(&[role]));
        let reply = service.ask(Method::POST, TRACES, Some(&authorization), TRACE).await;
        assert_eq!(reply.status, 200, "{scheme} {role}: {reply}");
        assert_eq!(reply.json()[0]["callerId"], "0b0c", "{reply}");
    }
    let leaves: Vec<String> =
        service.platform.stop_and_read_leaves().await.iter().map(ToString::to_string).collect();
    assert_eq!(leaves.iter().filter(|leaf| leaf.contains("by 0b0c")).count(), 3, "{leaves:?}");
}

#[tokio::test]
async fn without_a_role_one_reads_and_does_not_write() {
    let service = Service::start().await;
    let token = service.token(&[]);
    assert_eq!(service.list(&token).await.status, 200);
    let reply = service.post(&token).await;
    assert_eq!(reply.status, 403, "{reply}");
    // roles of the realm and of other clients are none of ours; letters count
    let mut claims = service.claims(&["Trace_Writer", "ADMIN"]);
    claims["realm_access"] = json!({"roles": ["admin", "trace_writer"]});
    claims["resource_access"]["other"] = json!({"roles": ["admin", "trace_writer"]});
    let reply = service.post(&service.provider.token(&claims)).await;
    assert_eq!(reply.status, 403, "{reply}");
    // a known caller's denial is a leaf that names him
    let leaves: Vec<String> =
        service.platform.stop_and_read_leaves().await.iter().map(ToString::to_string).collect();
    assert!(leaves.iter().any(|leaf| leaf.contains("by 0b0c: denied")), "{leaves:?}");
}

#[tokio::test]
async fn tokens_that_do_not_hold_are_refused_with_the_reason() {
    let service = Service::start().await;
    assert_eq!(service.post(&service.token(&["admin"])).await.status, 200);
    let with = |name: &str, value: Value| {
        let mut claims = service.claims(&["admin"]);
        claims[name] = value;
        service.provider.token(&claims)
    };
    let claims = service.claims(&["admin"]);
    for (token, reason) in [
        (with("aud", json!("somebody-else")), "the token is meant for somebody else"),
        (with("exp", json!(1_741_083_000)), "the token has expired"),
        (with("nbf", json!(1_741_090_000)), "the token is not valid yet"),
        (with("iss", json!("https://evil.example")), "the token was issued by somebody else"),
        (with("typ", json!("ID")), "the token is not an access token"),
        (SigningKey::rsa_second("first").token(&claims), "the token's signature is wrong"),
        (
            SigningKey::rsa_second("x").token(&claims),
            "the token is signed with a key its issuer does not have",
        ),
        ("abc".to_owned(), "the token is not a signed JWT"),
    ] {
        assert_refused(&service.post(&token).await, reason);
        assert_refused(&service.list(&token).await, reason);
    }
    // strangers are counted and not named
    let leaves: Vec<String> =
        service.platform.stop_and_read_leaves().await.iter().map(ToString::to_string).collect();
    assert!(leaves.iter().any(|leaf| leaf.contains("by stranger: denied x8")), "{leaves:?}");
}

#[tokio::test]
async fn without_a_credential_only_public_lists_are_answered() {
    let service = Service::start().await;
    let token = service.token(&["admin"]);
    for path in [TRACES.to_owned(), format!("{TRACES}?access_token={token}"), format!("{TRACES}/cache")] {
        let reply = service.ask(Method::GET, &path, None, "").await;
        assert_eq!(reply.status, 401, "{path}: {reply}");
        assert_eq!(reply.header("www-authenticate"), Some(r#"Bearer realm="CHAIMELEON""#), "{path}");
    }
    for path in ["/api/v1", "/api/v1/static/traces/actions"] {
        assert_eq!(service.ask(Method::GET, path, None, "").await.status, 200, "{path}");
    }
    // nobody checks passwords here
    assert_eq!(service.ask(Method::GET, TRACES, Some("Basic YWRtaW46aHVzaA=="), "").await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn while_the_provider_is_away_callers_are_asked_to_come_again() {
    let provider = FakeProvider::new(ISSUER);
    provider.answer(false);
    let service = Service::without_server(provider).await;
    let token = service.token(&["trace_writer"]);
    for reply in [service.post(&token).await, service.list(&token).await] {
        assert_eq!(reply.status, 503, "{reply}");
        assert_eq!(reply.header("retry-after"), Some("5"));
        assert_eq!(reply.header("www-authenticate"), None);
    }
    service.provider.answer(true);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(service.post(&token).await.status, 200);
    service.provider.answer(false);
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(service.post(&token).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn new_keys_of_the_provider_are_taken_and_withdrawn_ones_are_not() {
    let service = Service::without_server(FakeProvider::new(ISSUER)).await;
    let old = service.token(&["trace_writer"]);
    assert_eq!(service.post(&old).await.status, 200);
    service.provider.rotate([SigningKey::p256("new")]);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(service.post(&service.token(&["trace_writer"])).await.status, 200);
    assert_refused(&service.post(&old).await, "the token is signed with a key its issuer does not have");
}
