//! An identity provider in the same process: keys, tokens as Keycloak writes them, and the two documents that a
//! relying party asks for, handed out directly ([`Documents`]) or over HTTP ([`FakeProvider::serve`]).

mod keys;

use std::{
    future::ready,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use axum::{Router, http::StatusCode, routing::get};
use parking_lot::Mutex;
use serde_json::{Value, json};
use strongroom_identity::oidc::Documents;
use strongroom_kernel::ports::PortError;
use strongroom_model::Timestamp;
use tokio::sync::Notify;

pub use keys::SigningKey;

/// A provider whose keys and health the test decides.
#[derive(Debug)]
pub struct FakeProvider {
    issuer: Mutex<String>,
    keys: Mutex<Vec<SigningKey>>,
    answers: AtomicBool,
    asked: AtomicUsize,
    held: AtomicBool,
    released: Notify,
}

impl FakeProvider {
    /// A provider of that name with one RSA key, `first`.
    pub fn new(issuer: &str) -> Arc<Self> {
        Arc::new(Self {
            issuer: Mutex::new(issuer.to_owned()),
            keys: Mutex::new(vec![SigningKey::rsa_first("first")]),
            answers: AtomicBool::new(true),
            asked: AtomicUsize::new(0),
            held: AtomicBool::new(false),
            released: Notify::new(),
        })
    }

    /// A provider over HTTP on a free port of loopback, until the process ends; named by its address and `path`.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn serve(path: &str) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address: SocketAddr = listener.local_addr().expect("it has an address");
        let provider = Self::new(&format!("http://{address}{path}"));
        let (discovery, keys) = (Arc::clone(&provider), Arc::clone(&provider));
        let router = Router::new()
            .route(
                &format!("{path}/.well-known/openid-configuration"),
                get(move || ready(answer_with(&discovery, Self::discovery))),
            )
            .route(&format!("{path}/keys"), get(move || ready(answer_with(&keys, Self::key_set))));
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// Its name.
    pub fn issuer(&self) -> String {
        self.issuer.lock().clone()
    }

    /// Calls itself something else from now on.
    pub fn rename(&self, issuer: &str) {
        issuer.clone_into(&mut self.issuer.lock());
    }

    /// Replaces its keys.
    pub fn rotate(&self, keys: impl IntoIterator<Item = SigningKey>) {
        *self.keys.lock() = keys.into_iter().collect();
    }

    /// Whether it answers from now on.
    pub fn answer(&self, answers: bool) {
        self.answers.store(answers, Ordering::SeqCst);
    }

    /// Lets everybody who asks directly wait until [`FakeProvider::release`].
    pub fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
    }

    /// Lets those go who wait.
    pub fn release(&self) {
        self.held.store(false, Ordering::SeqCst);
        self.released.notify_waiters();
    }

    /// How often its keys were asked for.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// What Keycloak says of the user `subject` with client roles `roles` for `tracer-webservice`, from a minute
    /// before `now` to five minutes after.
    pub fn claims(&self, subject: &str, roles: &[&str], now: Timestamp) -> Value {
        let now = now.micros().div_euclid(1_000_000);
        json!({
            "exp": now + 300, "iat": now - 60, "jti": "onrtro:5d1b", "iss": self.issuer(),
            "aud": ["tracer-webservice", "account"], "sub": subject, "typ": "Bearer",
            "azp": "dataset-explorer", "sid": "b7b2", "acr": "1",
            "realm_access": {"roles": ["offline_access", "admin"]},
            "resource_access": {
                "tracer-webservice": {"roles": roles},
                "account": {"roles": ["manage-account", "view-profile"]},
            },
            "scope": "email profile", "preferred_username": "jo",
        })
    }

    /// A token of these claims, signed with its first key.
    ///
    /// # Panics
    /// When it has no key.
    pub fn token(&self, claims: &Value) -> String {
        self.keys.lock().first().expect("the provider has a key").token(claims)
    }

    fn discovery(&self) -> String {
        let issuer = self.issuer();
        json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")}).to_string()
    }

    fn key_set(&self) -> String {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let keys: Vec<Value> = self.keys.lock().iter().map(SigningKey::public).collect();
        json!({"keys": keys}).to_string()
    }
}

/// What stands at an address of the provider, unless it does not answer.
fn answer_with(provider: &FakeProvider, document: fn(&FakeProvider) -> String) -> (StatusCode, String) {
    if provider.answers.load(Ordering::SeqCst) {
        (StatusCode::OK, document(provider))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, String::new())
    }
}

#[async_trait]
impl Documents for FakeProvider {
    async fn get(&self, url: &str) -> Result<Vec<u8>, PortError> {
        loop {
            let released = self.released.notified();
            if !self.held.load(Ordering::SeqCst) {
                break;
            }
            released.await;
        }
        if !self.answers.load(Ordering::SeqCst) {
            return Err(PortError::unavailable("get: nobody is there"));
        }
        // by the end alone: what it calls itself need not be where it is
        let path =
            ["/.well-known/openid-configuration", "/keys"].into_iter().find(|path| url.ends_with(path));
        match path {
            Some("/keys") => Ok(self.key_set().into_bytes()),
            Some(_) => Ok(self.discovery().into_bytes()),
            None => Err(PortError::refused("get: the answer has status 404")),
        }
    }
}
