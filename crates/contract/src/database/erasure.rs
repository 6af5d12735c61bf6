//! Values destroyed: openings replaced, events and replies gone, and everything else as it was.

use bytes::Bytes;
use strongroom_kernel::{
    Row as _, State, Unit,
    ports::{Batch, Erasure, IdempotentReply, Prepared},
};
use strongroom_model::Digest;

use super::{
    place::{Place, Subject, stamp, time, unit},
    tables::Book,
};

fn announced(number: i64, payload: &'static str) -> Unit {
    unit(|unit| {
        unit.put(&Book::new(number), State::Absent);
        unit.emit("erased_topic", "k", Bytes::from_static(payload.as_bytes()));
    })
}

/// Openings of the named records are as given, canonical records and leaves untouched; named events and all replies
/// are gone; a second time changes nothing.
pub async fn erasing_replaces_openings_and_removes_events_and_replies(place: &dyn Place) {
    let subject = Subject::open(place).await;
    subject.done(&announced(1, "one")).await;
    let second = subject.done(&announced(2, "two")).await;
    subject.done(&announced(3, "three")).await;
    let kept = IdempotentReply {
        scope: "s".to_owned(),
        key: "k".to_owned(),
        request: Digest::of(b"x"),
        reply: b"reply".to_vec(),
        expires: time(9_000_000),
    };
    let replied = Prepared { reply: Some(kept), ..subject.prepare(&announced(4, "four")) };
    let batch = Batch { units: vec![replied], ..subject.batch(&[]) };
    let now = batch.time;
    stamp(subject.database.commit(batch).await.unwrap().remove(0));
    subject.settle().await;
    let before = subject.database.records(0, 10).await.unwrap();
    let erasure = Erasure {
        openings: vec![(second.sequence, b"[null]".to_vec())],
        events: vec![("erased_topic".to_owned(), 1), ("nothing".to_owned(), 0)],
    };
    for _ in 0..2 {
        subject.database.erase(erasure.clone()).await.unwrap();
        let after = subject.database.records(0, 10).await.unwrap();
        assert_eq!(after.len(), 4);
        for (before, after) in before.iter().zip(&after) {
            let openings = if after.index == 1 { b"[null]".to_vec() } else { before.openings.clone() };
            assert_eq!(after, &strongroom_kernel::ports::StoredRecord { openings, ..before.clone() });
        }
        let events = subject.database.events("erased_topic", 0, 10).await.unwrap();
        assert_eq!(events.iter().map(|event| event.offset).collect::<Vec<_>>(), [0, 2, 3]);
        assert_eq!(subject.database.idempotent_reply("s", "k", now).await.unwrap(), None);
    }
    // offsets go on where they were
    let next = subject.done(&announced(5, "five")).await;
    assert_eq!(next.events[0].offset, 4);
}

/// Files written anew have all that was there, and commits go on.
pub async fn clearing_the_files_loses_nothing(place: &dyn Place) {
    let subject = Subject::open(place).await;
    for number in 0..20 {
        subject.done(&announced(number, "text")).await;
    }
    subject.settle().await;
    let records = subject.database.records(0, 100).await.unwrap();
    let rows = subject.rows::<Book>().await;
    let snapshot = subject.database.snapshot().await.unwrap();
    drop(snapshot);
    for _ in 0..2 {
        subject.database.clear_files(&[Book::TABLE]).await.unwrap();
        assert_eq!(subject.database.records(0, 100).await.unwrap(), records);
        assert_eq!(subject.rows::<Book>().await, rows);
    }
    subject.done(&announced(20, "more")).await;
    assert_eq!(subject.database.events("erased_topic", 0, 100).await.unwrap().len(), 21);
}
