//! Ports that fail, also after they did what was asked: nothing acknowledged is lost, nothing is half done, and
//! the kernel goes on without a restart.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use strongroom_contract::{
    content::faulty::{ContentCall, ContentFault, ContentFaults, FaultyStore},
    database::{Fault, FaultyDatabase},
};
use strongroom_kernel::{
    Unit,
    ports::{PortErrorKind, RowFilter},
    verify::Verdict,
};
use strongroom_model::ErrorKind;
use strongroom_testkit::Room;
use tokio::sync::Notify;

use crate::notebook::{READ, SavePage, SaveUploaded, anna, domain, find, options, page};

/// A room whose database fails on demand.
async fn room() -> (Room, Arc<FaultyDatabase>) {
    let held: Arc<Mutex<Option<Arc<FaultyDatabase>>>> = Arc::default();
    let keep = Arc::clone(&held);
    let mut options = options();
    options.wrap_database = Box::new(move |database| {
        let faulty = Arc::new(FaultyDatabase::new(database));
        *keep.lock() = Some(Arc::clone(&faulty));
        faulty
    });
    let room = Room::new(options).await;
    let faulty = held.lock().clone().unwrap();
    (room, faulty)
}

#[tokio::test]
async fn a_commit_that_fails_is_answered_so_and_the_next_one_succeeds() {
    for (kind, expected) in
        [(PortErrorKind::Unavailable, ErrorKind::Unavailable), (PortErrorKind::Full, ErrorKind::StorageFull)]
    {
        let (room, database) = room().await;
        database.fail("commit", Fault::NotDone(kind));
        let refused = room.kernel.run(&SavePage::new(1, b"one")).await.unwrap_err();
        assert_eq!(refused.kind(), expected);
        assert!(refused.retry_after().is_some());
        assert!(!room.kernel.readiness().writable);
        assert_eq!(find(&room, 1).await, None);
        room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
        assert!(room.kernel.readiness().writable);
        assert_eq!(room.verify().await.verdict(), Verdict::Clean);
    }
}

#[tokio::test]
async fn a_commit_reported_failed_but_done_is_in_the_ledger_all_the_same() {
    let (room, database) = room().await;
    database.fail("commit", Fault::DoneButFailed(PortErrorKind::Unavailable));
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap_err();
    let done = room.kernel.run(&SavePage::new(2, b"two")).await.unwrap();
    assert_eq!(done.receipt.index, Some(1));
    room.published(2).await;
    let proof = room.kernel.ledger().inclusion_proof(1).await.unwrap();
    proof
        .verify(done.receipt.leaf_hash, room.kernel.ledger().origin(), &[room.kernel.ledger().verifier()])
        .unwrap();
    assert_eq!(room.verify().await.verdict(), Verdict::Clean);
    let payloads: Vec<_> = room.sink.heard().into_iter().map(|heard| heard.payload).collect();
    assert_eq!(payloads.len(), 2, "what was done is announced, whatever its caller heard");
}

#[tokio::test]
async fn an_access_whose_batch_failed_is_recorded_with_a_later_one() {
    let (room, database) = room().await;
    database.fail("commit", Fault::NotDone(PortErrorKind::Unavailable));
    room.kernel.record_denial(&anna(), READ);
    room.kernel.run(&SavePage::new(1, b"one")).await.ok();
    let room = room.reopen().await.unwrap();
    assert!(room.leaves().await.contains(&"read_page anna refused: denied".to_owned()));
}

#[tokio::test]
async fn notes_whose_batch_failed_are_written_with_a_later_one() {
    let (room, database) = room().await;
    database.fail("commit", Fault::NotDone(PortErrorKind::Unavailable));
    room.kernel.note("position", Some(b"7".to_vec()));
    room.kernel.run(&SavePage::new(1, b"one")).await.ok();
    let room = room.reopen().await.unwrap();
    assert_eq!(room.kernel.recall("position").await.unwrap(), Some(b"7".to_vec()));
}

#[tokio::test]
async fn leaves_that_cannot_be_read_after_a_lost_answer_come_with_the_next_batch() {
    let (room, database) = room().await;
    database.fail("commit", Fault::DoneButFailed(PortErrorKind::Unavailable));
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap_err();
    database.fail("leaves", Fault::NotDone(PortErrorKind::Unavailable));
    room.kernel.run(&SavePage::new(2, b"two")).await.unwrap();
    room.kernel.run(&SavePage::new(3, b"three")).await.unwrap();
    room.published(3).await;
    assert_eq!(room.verify().await.verdict(), Verdict::Clean);
}

#[tokio::test]
async fn a_database_that_stands_still_turns_newcomers_away_and_keeps_who_waits() {
    let (room, database) = room().await;
    let gate = Arc::new(Notify::new());
    database.fail("commit", Fault::Slow(Arc::clone(&gate)));
    let kernel = room.kernel.clone();
    let first = tokio::spawn(async move { kernel.run(&SavePage::new(1, b"one")).await.map(drop) });
    while !database.calls().contains(&"commit") {
        tokio::task::yield_now().await;
    }
    let kernel = room.kernel.clone();
    let second = tokio::spawn(async move { kernel.run(&SavePage::new(2, b"two")).await.map(drop) });
    let turned_away = async {
        // who comes while nobody waits longer than 200 ms still waits; later ones are turned away at once
        while !room.kernel.overloaded() {
            tokio::task::yield_now().await;
        }
        room.kernel.run(&SavePage::new(3, b"three")).await.unwrap_err()
    };
    let refused = tokio::time::timeout(Duration::from_mins(1), turned_away).await.unwrap();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    gate.notify_one();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(find(&room, 3).await, None);
    assert!(!room.kernel.overloaded());
}

#[tokio::test]
async fn a_sink_behind_a_failing_database_delivers_everything_in_the_end() {
    let (room, database) = room().await;
    for _ in 0..3 {
        database.fail("events", Fault::NotDone(PortErrorKind::Unavailable));
    }
    for id in 0..20 {
        room.kernel.run(&SavePage::new(id, b"x")).await.unwrap();
    }
    let room = room.reopen().await.unwrap();
    room.kernel.run(&SavePage::new(99, b"x")).await.unwrap();
    let mut payloads: Vec<_> = room.sink.heard().into_iter().map(|heard| heard.payload).collect();
    payloads.dedup();
    assert_eq!(payloads.len(), 21, "in order, each at least once");
}

#[tokio::test]
async fn large_content_is_durable_before_its_unit_or_the_upload_fails() {
    for call in [ContentCall::Stage, ContentCall::Write, ContentCall::Keep] {
        for fault in [
            ContentFault::NotDone(PortErrorKind::Unavailable),
            ContentFault::DoneButFailed(PortErrorKind::Unavailable),
            ContentFault::NotDone(PortErrorKind::Full),
        ] {
            let faults = ContentFaults::new();
            let mut options = options();
            let given = faults.clone();
            options.wrap_store = Box::new(move |store| Arc::new(FaultyStore::new(store, given.clone())));
            let room = Room::new(options).await;
            faults.next(call, fault);
            let store = async |content: &[u8]| {
                let mut upload = room.kernel.upload();
                upload.write(content.to_vec().into()).await?;
                upload.finish(&domain()).await
            };
            let content = vec![5; 100_000];
            let failed = store(&content).await;
            assert!(failed.is_err(), "{call:?} {fault:?}");
            let uploaded = store(&content).await.unwrap();
            room.kernel.run(&SaveUploaded { page: page(1, &content), uploaded: &uploaded }).await.unwrap();
            drop(uploaded);
            room.kernel.sweep_orphans().await.unwrap();
            assert_eq!(room.verify().await.verdict(), Verdict::Clean, "{call:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn stopping_finishes_what_waits() {
    let (room, _) = room().await;
    let kernel = room.kernel.clone();
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let kernel = kernel.clone();
            tokio::spawn(async move { kernel.record(Unit::new(&anna(), READ)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    room.kernel.stop().await;
    let mut recorded = 0;
    for unit in waiting {
        recorded += usize::from(unit.await.unwrap().is_ok());
    }
    let refused = room.kernel.record(Unit::new(&anna(), READ)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    let rows = room.kernel.database().rows(
        <crate::notebook::Page as strongroom_kernel::Row>::TABLE,
        RowFilter::After { after: -1, limit: 1 },
    );
    assert!(rows.await.unwrap().is_empty());
    assert_eq!(
        room.stored_records().await.len(),
        recorded,
        "whoever was told so is in the ledger, nobody else"
    );
    assert_eq!(room.kernel.ledger().published().size, recorded as u64);
}
