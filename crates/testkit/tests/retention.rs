//! Events are forgotten when every sink has them and their time is over, and verification knows.

use std::time::Duration;

use strongroom_kernel::verify::Verdict;
use strongroom_testkit::Room;

use crate::notebook::{SavePage, TOPIC, options, room};

const KEEP: Duration = Duration::from_hours(24);

#[tokio::test]
async fn old_confirmed_events_are_forgotten_and_it_is_recorded() {
    let room = room().await;
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    room.kernel.run(&SavePage::new(2, b"two")).await.unwrap();
    room.clock.advance(Duration::from_hours(30));
    room.kernel.run(&SavePage::new(3, b"three")).await.unwrap();
    assert_eq!(room.kernel.forget_events(TOPIC, KEEP).await.unwrap(), 2);
    let left = room.kernel.database().events(TOPIC, 0, 10).await.unwrap();
    assert_eq!(left.iter().map(|event| event.offset).collect::<Vec<_>>(), [2]);
    let report = room.verify().await;
    assert_eq!(report.verdict(), Verdict::Clean, "{report:?}");
    assert_eq!(room.kernel.forget_events(TOPIC, KEEP).await.unwrap(), 0, "nothing to do, nothing recorded");
    assert_eq!(room.leaves().await.len(), 4);
}

#[tokio::test]
async fn what_a_sink_has_not_confirmed_is_kept_however_old() {
    let mut options = options();
    options.before_answer = None;
    let room = Room::new(options).await;
    room.sink.set_away(true);
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    room.clock.advance(Duration::from_hours(1_000));
    assert_eq!(room.kernel.forget_events(TOPIC, KEEP).await.unwrap(), 0);
}

#[tokio::test]
async fn more_missing_than_was_forgotten_is_tampering() {
    let room = room().await;
    for id in 0..3 {
        room.kernel.run(&SavePage::new(id, b"x")).await.unwrap();
        room.clock.advance(Duration::from_hours(20));
    }
    assert_eq!(room.kernel.forget_events(TOPIC, KEEP).await.unwrap(), 2);
    room.kernel.database().forget_events(TOPIC, 3).await.unwrap();
    let report = room.verify().await;
    assert_eq!(report.verdict(), Verdict::Tampered);
    assert!(report.findings[0].text.contains("an event of record 2 is missing"), "{report:?}");
}
