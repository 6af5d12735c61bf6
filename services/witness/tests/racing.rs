//! The witness in-process: requests that race, and what is remembered.

use std::sync::Arc;

use axum::{Router, body::Body, extract::Request};
use strongroom_contract::database::{Fault, FaultyDatabase};
use strongroom_kernel::{
    Schema,
    ports::{Database, PortErrorKind, SystemClock},
};
use strongroom_ledger::{
    AddCheckpoint, Checkpoint, Cosigner, Frontier, Hash, Signer, leaf_hash, note::parse_signatures,
    witness::parse_size,
};
use strongroom_testkit::{Reply, TestPlatform, send};
use strongroom_witness::{Keeper, Logs, Witness, witness_router};

pub(crate) const NOTHING: Schema = Schema { service: "test", tables: &[], migrations: &[] };
const ORIGIN: &str = "log.example/races";

fn log() -> Signer {
    Signer::from_seed(ORIGIN.parse().unwrap(), &[1; 32])
}

fn cosigner() -> Cosigner {
    Cosigner::from_seed("witness.example/w".parse().unwrap(), &[2; 32])
}

async fn witness(platform: &TestPlatform) -> Router {
    witness_on(Arc::clone(platform.kernel.database())).await
}

async fn witness_on(database: Arc<dyn Database>) -> Router {
    let mut logs = Logs::default();
    logs.add(ORIGIN, log().verifier()).unwrap();
    logs.add("log.example/wrong", cosigner().verifier()).unwrap_err();
    let clock = Arc::new(SystemClock);
    let keeper = Keeper::start(database, Arc::clone(&clock) as _);
    witness_router(Witness::open(&logs, cosigner(), keeper, clock).await.unwrap())
}

/// A request for the first `size` leaves of the history `branch`, from the empty tree.
fn first(branch: u8, size: u8) -> AddCheckpoint {
    let root: Hash = (0..size).map(|n| leaf_hash(&[branch, n])).collect::<Frontier>().root();
    let checkpoint = Checkpoint::new(ORIGIN, size.into(), root).unwrap();
    AddCheckpoint::new(0, Vec::new(), checkpoint.sign(&log())).unwrap()
}

async fn add(router: &Router, request: &AddCheckpoint) -> Reply {
    let request = Request::post("/add-checkpoint").body(Body::from(request.to_string()));
    send(router, request.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_histories_that_race_one_is_cosigned() {
    let platform = TestPlatform::start(NOTHING, "nothing").await;
    let router = witness(&platform).await;
    let racing = (0..40_u8).map(|branch| {
        let (router, request) = (router.clone(), first(branch, 3 + branch % 2));
        tokio::spawn(async move { (add(&router, &request).await, request) })
    });
    let mut cosigned = Vec::new();
    for racer in racing.collect::<Vec<_>>() {
        let (reply, request) = racer.await.unwrap();
        match reply.status {
            200 => cosigned.push((reply, request)),
            409 => assert!(matches!(parse_size(&reply.body), Some(3 | 4))),
            other => panic!("{other}: {}", reply.text()),
        }
    }
    assert_eq!(cosigned.len(), 1);
    let (reply, winner) = cosigned.remove(0);
    let verifier = cosigner().verifier();
    let lines = parse_signatures(&reply.body).unwrap();
    assert_eq!(lines.len(), 1);
    assert!(verifier.made(&lines[0]) && verifier.verify(winner.checkpoint().text(), lines[0].bytes()));
    // another process that takes the same state up goes on with the same history
    let router = witness(&platform).await;
    let checkpoint: Checkpoint = winner.checkpoint().text().parse().unwrap();
    let again = AddCheckpoint::new(checkpoint.size(), Vec::new(), winner.checkpoint().clone()).unwrap();
    assert_eq!(add(&router, &again).await.status, 200);
    let other = Checkpoint::new(ORIGIN, checkpoint.size(), leaf_hash(b"other")).unwrap();
    let other = AddCheckpoint::new(checkpoint.size(), Vec::new(), other.sign(&log())).unwrap();
    assert_eq!(add(&router, &other).await.status, 422);
}

#[tokio::test]
async fn the_empty_tree_has_one_root() {
    let platform = TestPlatform::start(NOTHING, "nothing").await;
    let router = witness(&platform).await;
    let wrong = format!("{ORIGIN}\n0\n{}\n", leaf_hash(b"x").to_base64());
    let wrong = strongroom_ledger::Note::sign(wrong, &log()).unwrap();
    let wrong = AddCheckpoint::new(0, Vec::new(), wrong).unwrap();
    assert_eq!(add(&router, &wrong).await.status, 422);
    assert_eq!(add(&router, &first(0, 0)).await.status, 200);
    assert_eq!(add(&router, &first(0, 5)).await.status, 200);
}

#[tokio::test]
async fn nothing_is_signed_that_is_not_written_and_why_is_told() {
    let platform = TestPlatform::start(NOTHING, "nothing").await;
    let faulty = Arc::new(FaultyDatabase::new(Arc::clone(platform.kernel.database())));
    let router = witness_on(Arc::clone(&faulty) as _).await;
    let again = AddCheckpoint::new(5, Vec::new(), first(0, 5).checkpoint().clone()).unwrap();
    let failing = [(PortErrorKind::Full, 507, first(0, 5)), (PortErrorKind::Unavailable, 503, again.clone())];
    for (kind, status, request) in failing {
        faulty.fail("commit", Fault::NotDone(kind));
        let reply = add(&router, &request).await;
        assert_eq!((reply.status, reply.header("retry-after")), (status, Some("1")));
        assert!(!reply.text().contains("witness.example"), "{}", reply.text());
        // the decision is remembered: the same again is asked for from there
        assert_eq!(add(&router, &first(0, 5)).await.status, 409);
    }
    let hash = strongroom_model::Digest::of(ORIGIN.as_bytes());
    let shown = || async {
        let request = Request::get(format!("/{hash}/checkpoint")).body(Body::empty());
        send(&router, request.unwrap()).await.status
    };
    assert_eq!(shown().await, 404);
    assert_eq!(add(&router, &again).await.status, 200);
    assert_eq!(shown().await, 200);
}
