//! The ledger over HTTP, in-process: as a stranger and as an auditor see it.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail them")]

mod bundles;
mod lives;

use axum::{Router, body::Body, extract::Request};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use strongroom_custody::router;
use strongroom_identity::{Claims, Role, TokenKey};
use strongroom_kernel::{Action, Schema, Unit};
use strongroom_ledger::{Hash, TlogProof, Verifier, commitment, leaf_hash};
use strongroom_model::Caller;
use strongroom_testkit::{Reply, TestPlatform, send};

const NOTHING: Schema = Schema { service: "test", tables: &[], migrations: &[] };
const ACTION: Action = Action { service: "test", name: "happen" };
const KEY: TokenKey = TokenKey::from_bytes([3; 32]);

struct Ledger {
    platform: TestPlatform,
    router: Router,
}

impl Ledger {
    /// A ledger of `leaves` leaves under a published checkpoint.
    async fn of(leaves: usize) -> Self {
        Self::with(vec![Unit::new(&Caller::account("kat"), ACTION); leaves]).await
    }

    /// A ledger of these units under a published checkpoint.
    async fn with(units: Vec<Unit>) -> Self {
        let platform = TestPlatform::start(NOTHING, "nothing").await;
        let size = units.len() as u64;
        for unit in units {
            platform.kernel.record(unit).await.unwrap();
        }
        platform.kernel.ledger().watch().wait_for(|published| published.size >= size).await.unwrap();
        let router = router(platform.kernel.clone(), KEY);
        Self { platform, router }
    }

    async fn get(&self, path: &str) -> Reply {
        send(&self.router, Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn get_as(&self, token: &str, path: &str) -> Reply {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        send(&self.router, request.body(Body::empty()).unwrap()).await
    }
}

/// A unit of `caller` about a thing.
fn about(caller: &str, thing: &str) -> Unit {
    let mut unit = Unit::new(&Caller::account(caller), ACTION);
    unit.about("thing", thing);
    unit
}

fn auditor() -> String {
    Claims { name: "jo".to_owned(), role: Role::Auditor, expires: i64::MAX }.sign(&KEY)
}

#[tokio::test]
async fn a_stranger_verifies_a_leaf_with_the_key_alone() {
    let ledger = Ledger::of(300).await;
    let verifier: Verifier = ledger.get("/custody/key").await.text().trim().parse().unwrap();
    let bundle = ledger.get("/custody/tile/entries/000").await;
    assert_eq!(bundle.header("content-type"), Some("application/octet-stream"));
    assert!(bundle.header("cache-control").unwrap().contains("immutable"));
    let length = usize::from(u16::from_be_bytes([bundle.body[0], bundle.body[1]]));
    let leaf = &bundle.body[2..2 + length];
    let proof: TlogProof = ledger.get("/custody/proof/0").await.text().parse().unwrap();
    let root = proof.verify(leaf_hash(leaf), "test.example/strongroom", &[verifier]);
    assert!(root.is_ok(), "{root:?}");
    assert!(ledger.get("/custody/checkpoint").await.text().starts_with("test.example/strongroom\n300\n"));
}

#[tokio::test]
async fn what_the_checkpoint_does_not_cover_is_not_found() {
    let ledger = Ledger::of(3).await;
    assert_eq!(ledger.get("/custody/tile/0/000.p/3").await.status, 200);
    for path in ["tile/0/000", "tile/0/001.p/1", "tile/x", "tile/0/000.p/4", "proof/3", "proof/x", "proof/-1"]
    {
        assert_eq!(ledger.get(&format!("/custody/{path}")).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn records_are_for_auditors_and_reading_them_is_recorded() {
    let ledger = Ledger::of(3).await;
    let expired = Claims { name: "jo".to_owned(), role: Role::Auditor, expires: 1 }.sign(&KEY);
    assert_eq!(ledger.get("/custody/records").await.status, 401);
    assert_eq!(ledger.get_as(&expired, "/custody/records").await.status, 401);
    assert_eq!(ledger.get_as(&auditor(), "/custody/records?limit=1001").await.status, 422);

    let reply = ledger.get_as(&auditor(), "/custody/records?from=1&limit=2").await.json();
    assert_eq!(reply["next"], 3);
    for (record, index) in reply["records"].as_array().unwrap().iter().zip(1..) {
        assert_eq!(record["index"], index);
        let nonce = BASE64_STANDARD.decode(record["nonce"].as_str().unwrap()).unwrap().try_into().unwrap();
        let committed: Hash = commitment(&nonce, record["record"].as_str().unwrap().as_bytes());
        let leaf = BASE64_STANDARD.decode(record["leaf"].as_str().unwrap()).unwrap();
        assert!(leaf.ends_with(committed.as_bytes()), "the leaf commits to the record");
        assert!(record["openings"].as_str().unwrap().contains("kat"));
    }
    let leaves: Vec<String> =
        ledger.platform.stop_and_read_leaves().await.iter().map(ToString::to_string).collect();
    assert_eq!(leaves[3..], ["read_records by jo", "read_records by stranger: denied x2"]);
}
