//! Anchors in a BigchainDB: a server that keeps what is posted, and BigchainDB's own validator
//! (`STRONGROOM_TEST_BIGCHAINDB_PYTHON` names a Python that has it) on what it was sent.

use std::{
    collections::HashMap,
    io::Write as _,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use strongroom_anchor::{
    BigchainDb,
    bigchaindb::{Asset, BigchainDbSettings, Mode, Transaction},
};
use strongroom_fetch::{AddressPolicy, Fetcher, Limits};
use strongroom_kernel::ports::{Anchor as _, PortErrorKind};

use strongroom_contract::http::{Reply, Request, serve};

mod suite {
    use strongroom_anchor::BigchainDb;

    strongroom_contract::anchor_tests!(make);

    #[expect(clippy::unused_async, reason = "the suite makes anchors with async functions")]
    async fn make() -> Option<BigchainDb> {
        Some(super::anchor(&super::Chain::default().serve(), super::Mode::Commit))
    }
}

const SEED: [u8; 32] = [7; 32];

fn anchor(url: &str, mode: Mode) -> BigchainDb {
    let fetcher = Fetcher::new(Limits::default(), AddressPolicy::Any).expect("a client");
    let settings = BigchainDbSettings {
        url: url.to_owned(),
        mode,
        poll: Duration::from_millis(5),
        patience: Duration::from_mins(1),
    };
    BigchainDb::new(settings, Some(&SEED), fetcher).expect("a URL")
}

/// What a server keeps.
#[derive(Default)]
struct Chain {
    transactions: HashMap<String, Value>,
    /// How often each was posted.
    posts: usize,
    /// The mode that was asked for last.
    mode: String,
    /// Posts that are answered and then forgotten.
    drops: usize,
    /// Looks for a block that find none yet.
    delay: usize,
}

impl Chain {
    fn serve(self) -> String {
        Self::serve_shared(&Arc::new(Mutex::new(self)))
    }

    fn serve_shared(chain: &Arc<Mutex<Self>>) -> String {
        let chain = Arc::clone(chain);
        let base = serve(move |request| chain.lock().expect("unpoisoned").answer(&request));
        format!("{base}/api/v1")
    }

    fn answer(&mut self, request: &Request) -> Reply {
        if let Some(mode) = request.path.strip_prefix("/api/v1/transactions?mode=") {
            mode.clone_into(&mut self.mode);
            assert_eq!((&*request.method, &*request.content_type), ("POST", "application/json"));
            let transaction: Value = serde_json::from_slice(&request.body).expect("JSON");
            let id = transaction["id"].as_str().expect("an id").to_owned();
            self.posts += 1;
            if self.drops > 0 {
                self.drops -= 1;
                return Reply::Answer(202, "", request.body.clone());
            }
            if self.transactions.contains_key(&id) {
                let body = json!({"message": "Invalid transaction (DuplicateTransaction): already exists", "status": 400});
                return Reply::Answer(400, "", body.to_string().into());
            }
            self.transactions.insert(id, transaction);
            return Reply::Answer(202, "", request.body.clone());
        }
        if let Some(id) = request.path.strip_prefix("/api/v1/blocks?transaction_id=") {
            let known = self.transactions.contains_key(id);
            if known && self.delay > 0 {
                self.delay -= 1;
                return Reply::ok("[]");
            }
            return Reply::ok(if known { "[5]" } else { "[]" });
        }
        let id = request.path.strip_prefix("/api/v1/transactions/").expect("no other path is asked for");
        match self.transactions.get(id) {
            Some(transaction) => Reply::ok(transaction.to_string()),
            None => Reply::Answer(404, "", b"{\"message\": \"Not found\", \"status\": 404}".to_vec()),
        }
    }
}

#[tokio::test]
async fn each_mode_waits_for_a_block() {
    for (mode, name) in [(Mode::Async, "async"), (Mode::Sync, "sync"), (Mode::Commit, "commit")] {
        let chain = Arc::new(Mutex::new(Chain { delay: 3, ..Chain::default() }));
        let anchor = anchor(&Chain::serve_shared(&chain), mode);
        let proof = anchor.anchor("a text").await.unwrap();
        anchor.check("a text", &proof).await.unwrap();
        let chain = chain.lock().unwrap();
        assert_eq!((&*chain.mode, chain.posts, chain.delay), (name, 1, 0));
    }
}

#[tokio::test]
async fn what_was_dropped_without_a_word_is_posted_again() {
    let chain = Arc::new(Mutex::new(Chain { drops: 2, ..Chain::default() }));
    anchor(&Chain::serve_shared(&chain), Mode::Async).anchor("a text").await.unwrap();
    assert_eq!(chain.lock().unwrap().posts, 3);
}

#[tokio::test]
async fn a_second_call_finds_the_first_ones_transaction() {
    let chain = Arc::new(Mutex::new(Chain::default()));
    let url = Chain::serve_shared(&chain);
    let first = anchor(&url, Mode::Sync).anchor("a text").await.unwrap();
    assert_eq!(anchor(&url, Mode::Sync).anchor("a text").await.unwrap(), first);
    assert_eq!(chain.lock().unwrap().posts, 1);
}

#[tokio::test]
async fn a_server_that_changed_something_is_found_out() {
    let chain = Arc::new(Mutex::new(Chain::default()));
    let anchor = anchor(&Chain::serve_shared(&chain), Mode::Sync);
    let proof = anchor.anchor("a text").await.unwrap();
    let other = serde_json::to_value(Asset::of("another text")).unwrap();
    for transaction in chain.lock().unwrap().transactions.values_mut() {
        transaction["asset"]["data"] = other.clone();
    }
    for text in ["a text", "another text"] {
        assert_eq!(anchor.check(text, &proof).await.unwrap_err().kind, PortErrorKind::Corrupt, "{text}");
    }
}

#[tokio::test]
async fn refusals_are_told() {
    for (status, body, kind, words) in [
        (400, "{\"message\": \"Invalid transaction schema\"}", PortErrorKind::Refused, "it says: Invalid"),
        (403, "", PortErrorKind::Refused, "status 403"),
    ] {
        let url = serve(move |request| match request.method.as_str() {
            "POST" => Reply::Answer(status, "", body.into()),
            _ if request.path.contains("blocks") => Reply::ok("[]"),
            _ => Reply::Answer(404, "", b"{\"message\": \"\"}".to_vec()),
        });
        let refusal = anchor(&url, Mode::Sync).anchor("a text").await.unwrap_err();
        assert_eq!(refusal.kind, kind);
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
}

#[test]
fn bigchaindbs_own_validator_accepts_our_transactions() {
    let python = std::env::var("STRONGROOM_TEST_BIGCHAINDB_PYTHON").unwrap_or_default();
    if python.is_empty() {
        println!("skipped: STRONGROOM_TEST_BIGCHAINDB_PYTHON is not set");
        return;
    }
    let mut good = Vec::new();
    for n in 0..20_u8 {
        let key = ed25519_dalek::SigningKey::from_bytes(&[n; 32]);
        let transaction = Transaction::create(&key, Asset::of(&format!("text {n} äöü\n")));
        good.push(serde_json::from_slice::<Value>(&transaction.to_json()).unwrap());
    }
    let mut bad = good[0].clone();
    bad["asset"]["data"]["sha256"] = json!("00");
    let verdicts = |transactions: &[Value]| -> Vec<bool> {
        let mut validator = Command::new(&python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/validate_bigchaindb.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = serde_json::to_vec(transactions).unwrap();
        validator.stdin.take().unwrap().write_all(&input).unwrap();
        serde_json::from_slice(&validator.wait_with_output().unwrap().stdout).unwrap()
    };
    assert_eq!(verdicts(&good), [true; 20]);
    assert_eq!(verdicts(&[bad]), [false]);
}
