//! Units: durable, recorded, announced, or nothing of it.

use std::{sync::atomic::Ordering, time::Duration};

use strongroom_kernel::{Once, OnceKey, Row as _, State, Unit, Uuid, Value, verify::Verdict};
use strongroom_ledger::leaf_hash;
use strongroom_model::{Digest, ErrorKind};
use strongroom_testkit::Room;

use crate::notebook::{Book, CountPage, Page, Plain, SAVE, SavePage, anna, find, options, page, room};

#[tokio::test]
async fn a_unit_is_durable_recorded_and_announced_when_it_is_answered() {
    let room = room().await;
    let done = room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    assert_eq!(done.receipt.index, Some(0));
    let stored = room.stored_records().await;
    assert_eq!(done.receipt.leaf_hash, leaf_hash(&stored[0].leaf));
    assert_eq!(room.leaves().await, ["save_page anna"]);
    let events = room.sink.heard();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].payload, Uuid::from_u128(1).to_string());
    let room = room.reopen().await.unwrap();
    assert_eq!(find(&room, 1).await, Some(page(1, b"one")));
    assert_eq!(room.verify().await.verdict(), Verdict::Clean);
    assert_eq!(room.sink.heard().len(), 1, "a restart does not deliver again what was confirmed");
}

#[tokio::test]
async fn a_labelled_refusal_reaches_the_command_and_leaves_a_leaf() {
    let room = room().await;
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    let refused = room.kernel.run(&SavePage::new(1, b"other")).await.unwrap_err();
    assert_eq!((refused.kind(), refused.public()), (ErrorKind::Conflict, "duplicate"));
    let same_title = SavePage { page: page(1, b"x"), content: bytes::Bytes::from_static(b"x") };
    let same_title = SavePage { page: Page { id: Uuid::from_u128(2), ..same_title.page }, ..same_title };
    let refused = room.kernel.run(&same_title).await.unwrap_err();
    assert_eq!(refused.public(), "same title");
    let room = room.reopen().await.unwrap();
    assert_eq!(
        room.leaves().await,
        ["save_page anna", "save_page anna refused: duplicate", "save_page anna refused: same_title"]
    );
    assert_eq!(room.sink.heard().len(), 1, "what was refused is not announced");
}

#[tokio::test]
async fn a_stale_snapshot_makes_the_command_run_again() {
    let room = room().await;
    let commands: Vec<CountPage> = (0..8).map(|_| CountPage::default()).collect();
    let done = room.kernel.run_all(&commands).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    let book: Book = room
        .kernel
        .snapshot()
        .await
        .unwrap()
        .get(&[Value::Text("diary".to_owned())], "no book")
        .await
        .unwrap();
    assert_eq!(book.pages, 8);
    let decided: usize = commands.iter().map(|command| command.decided.load(Ordering::SeqCst)).sum();
    assert!(decided > 8, "all saw an absent book, one made it, the others looked again");
}

#[tokio::test]
async fn several_units_of_one_request_have_a_result_each_in_order() {
    let room = room().await;
    let commands = [SavePage::new(1, b"a"), SavePage::new(1, b"b"), SavePage::new(2, b"c")];
    let results = room.kernel.run_all(&commands).await;
    assert!(results[0].is_ok() && results[1].is_err() && results[2].is_ok());
    assert_eq!(find(&room, 1).await.unwrap().picture, Some(Digest::of(b"a")));
}

#[tokio::test]
async fn a_unit_over_the_limits_is_refused_whole() {
    let room = room().await;
    let mut unit = Unit::new(&anna(), SAVE);
    for id in 0..1_001 {
        unit.put(&page(id, b""), State::Any);
    }
    let refused = room.kernel.run(&Plain(unit)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::TooLarge);
    assert!(room.leaves().await.is_empty());
}

#[tokio::test]
async fn a_request_repeated_under_its_key_is_answered_not_carried_out() {
    let room = room().await;
    let key = OnceKey { scope: "anna /pages".to_owned(), key: "k1".to_owned(), request: Digest::of(b"one") };
    let render = |id: &Uuid| id.to_string().into_bytes();
    let first = room.kernel.run_once(&key, &SavePage::new(1, b"one"), render).await.unwrap();
    assert!(matches!(first, Once::Done(_)));
    let again = room.kernel.run_once(&key, &SavePage::new(1, b"one"), render).await.unwrap();
    assert!(matches!(again, Once::Repeated(reply) if reply == Uuid::from_u128(1).to_string().into_bytes()));
    let other = OnceKey { request: Digest::of(b"two"), ..key.clone() };
    let refused = room.kernel.run_once(&other, &SavePage::new(2, b"two"), render).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    room.clock.advance(Duration::from_hours(25));
    let late = room.kernel.run_once(&key, &SavePage::new(3, b"three"), render).await.unwrap();
    assert!(matches!(late, Once::Done(_)), "a reply is kept for a day");
    assert_eq!(room.leaves().await.len(), 2);
}

#[tokio::test]
async fn an_answer_waits_for_the_sink_no_longer_than_its_budget() {
    let mut options = options();
    options.before_answer = Some(Duration::from_millis(50));
    let room = Room::new(options).await;
    room.sink.set_away(true);
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    assert!(room.sink.heard().is_empty());
    assert_eq!(room.kernel.unconfirmed_events(), 1);
    room.sink.set_away(false);
    let room = room.reopen().await.unwrap();
    room.kernel.run(&SavePage::new(2, b"two")).await.unwrap();
    let payloads: Vec<_> = room.sink.heard().into_iter().map(|event| event.payload).collect();
    let expected: Vec<_> = [1, 2].map(|id| Uuid::from_u128(id).to_string()).into();
    assert_eq!(room.kernel.unconfirmed_events(), 0);
    assert_eq!(payloads, expected, "what was not confirmed is sent on start, in order");
}

#[tokio::test]
async fn rebuilding_from_the_records_gives_the_same_rows() {
    let room = room().await;
    for id in 0..5 {
        room.kernel.run(&SavePage::new(id, b"same")).await.unwrap();
        room.kernel.run(&CountPage::default()).await.unwrap();
    }
    let mut unit = Unit::new(&anna(), SAVE);
    unit.remove::<Page>(vec![Value::Id(Uuid::from_u128(2))], State::Present);
    unit.put(&Page { writer: None, ..page(3, b"same") }, State::Present);
    room.kernel.run(&Plain(unit)).await.unwrap();
    let rows = async |room: &Room, table| {
        let filter = strongroom_kernel::ports::RowFilter::After { after: -1, limit: 100 };
        room.kernel.database().rows(table, filter).await.unwrap()
    };
    let before = (rows(&room, Page::TABLE).await, rows(&room, Book::TABLE).await);
    assert_eq!((before.0.len(), before.1.len()), (4, 1));
    let schemas = room.kernel.schemas().to_vec();
    let database = room.kernel.database();
    strongroom_kernel::rebuild(database.as_ref(), &schemas, &strongroom_kernel::verify::Silent)
        .await
        .unwrap();
    assert_eq!((rows(&room, Page::TABLE).await, rows(&room, Book::TABLE).await), before);
    assert_eq!(room.verify().await.verdict(), Verdict::Clean);
}
