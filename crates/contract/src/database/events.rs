//! Events: at the next offset of their topic, with their unit.

use strongroom_kernel::{
    State, Unit,
    ports::{PAGE_BYTES, UnitOutcome},
};

use super::{
    place::{Place, Subject, stamp, unit},
    tables::Book,
};

fn told(topic: &'static str, texts: &[&str]) -> Unit {
    unit(|unit| {
        for text in texts {
            unit.emit(topic, format!("key of {}", &text[..text.len().min(9)]), text.to_string());
        }
    })
}

async fn payloads(subject: &Subject, topic: &str, from: u64, limit: usize) -> Vec<(u64, String)> {
    let events = subject.database.events(topic, from, limit).await.unwrap();
    events.into_iter().map(|event| (event.offset, String::from_utf8(event.payload).unwrap())).collect()
}

fn numbered(from: u64, texts: &[&str]) -> Vec<(u64, String)> {
    (from..).zip(texts.iter().map(|text| (*text).to_owned())).collect()
}

/// Offsets count from 0 without gaps in each topic by itself.
pub async fn offsets_of_each_topic_have_no_gaps(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let refused = unit(|unit| {
        unit.emit("suite_a", "k", "never");
        unit.require::<Book>(vec![strongroom_kernel::Value::Int(1)], State::Present);
    });
    let both = unit(|unit| {
        unit.emit("suite_a", "k", "a3");
        unit.emit("suite_b", "k", "b1");
        unit.emit("suite_a", "k", "a4");
    });
    let units = [
        told("suite_a", &["a0", "a1"]),
        refused.clone(),
        told("suite_b", &["b0"]),
        told("suite_a", &["a2"]),
        both,
    ];
    let outcomes = subject.commit_all(&units).await;
    assert_eq!(outcomes[1], UnitOutcome::Unmet(None));
    let positions = |place: usize| {
        let stamp = stamp(outcomes[place].clone());
        stamp.events.iter().map(|event| (event.topic, event.offset)).collect::<Vec<_>>()
    };
    assert_eq!(positions(0), [("suite_a", 0), ("suite_a", 1)]);
    assert_eq!(positions(2), [("suite_b", 0)]);
    assert_eq!(positions(4), [("suite_a", 3), ("suite_b", 1), ("suite_a", 4)]);
    subject.commit_all(&[refused, told("suite_a", &["a5"])]).await;
    assert_eq!(
        payloads(&subject, "suite_a", 0, 100).await,
        numbered(0, &["a0", "a1", "a2", "a3", "a4", "a5"])
    );
    assert_eq!(payloads(&subject, "suite_b", 0, 100).await, numbered(0, &["b0", "b1"]));
    let topics = subject.database.topics().await.unwrap();
    assert_eq!(topics, [("suite_a".to_owned(), 6), ("suite_b".to_owned(), 2)]);
    assert_eq!(payloads(&subject, "suite_c", 0, 100).await, []);
}

/// All of an event comes back.
pub async fn an_event_keeps_its_key_time_sequence_and_bytes(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let unit = unit(|unit| {
        unit.emit("suite_a", "", "first");
        unit.emit("suite_a", "schlüssel", bytes.clone());
    });
    let batch = subject.batch(&[super::place::unit(|_| ()), unit]);
    let time = batch.time;
    let outcomes = subject.database.commit(batch).await.unwrap();
    let sequence = stamp(outcomes[1].clone()).sequence;
    let events = subject.database.events("suite_a", 0, 10).await.unwrap();
    assert_eq!((events[0].key.as_str(), events[0].place), ("", 0));
    let event = &events[1];
    assert_eq!((event.offset, event.sequence, event.place), (1, sequence, 1));
    assert_eq!((event.key.as_str(), event.time), ("schlüssel", time));
    assert!(event.payload == bytes);
}

/// Pages of events, and events forgotten from the front.
pub async fn events_are_read_in_pages_and_forgotten_from_the_front(place: &dyn Place) {
    let subject = Subject::open(place).await;
    subject.done(&told("suite_b", &["other"])).await;
    subject.done(&told("suite_a", &["0", "1", "2", "3", "4"])).await;
    assert_eq!(payloads(&subject, "suite_a", 1, 2).await, numbered(1, &["1", "2"]));
    assert_eq!(payloads(&subject, "suite_a", 5, 2).await, []);
    assert_eq!(payloads(&subject, "suite_a", u64::MAX, 2).await, []);
    assert_eq!(subject.database.forget_events("suite_a", 3).await.unwrap(), 3);
    assert_eq!(subject.database.forget_events("suite_a", 3).await.unwrap(), 0);
    assert_eq!(subject.database.forget_events("suite_c", 3).await.unwrap(), 0);
    assert_eq!(payloads(&subject, "suite_a", 0, 10).await, numbered(3, &["3", "4"]));
    assert_eq!(subject.database.forget_events("suite_a", u64::MAX).await.unwrap(), 2);
    // offsets go on where they were
    subject.done(&told("suite_a", &["5"])).await;
    assert_eq!(payloads(&subject, "suite_a", 0, 10).await, numbered(5, &["5"]));
    assert_eq!(payloads(&subject, "suite_b", 0, 10).await, numbered(0, &["other"]));
}

/// A page of long events ends early, and what follows begins there.
pub async fn pages_of_long_events_end_early(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let long = "x".repeat(PAGE_BYTES.div_ceil(3));
    for _ in 0..5 {
        subject.done(&told("suite_a", &[&long])).await;
    }
    for (from, limit, expected) in [(0, 10, 0..3), (3, 10, 3..5), (0, 2, 0..2), (5, 10, 5..5)] {
        let found = payloads(&subject, "suite_a", from, limit).await;
        let offsets: Vec<u64> = found.iter().map(|(offset, _)| *offset).collect();
        assert_eq!(offsets, expected.collect::<Vec<u64>>(), "{limit} from {from}");
    }
}
