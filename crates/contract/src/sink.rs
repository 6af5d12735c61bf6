//! What every sink must do.
//!
//! An adapter runs it with `strongroom_contract::sink_tests!(make)`, where `make` is an async function that gives
//! `Option<impl Receiver>`: `None` says that the receiver is not at hand, and the test that it was skipped.
//! How messages look on the wire, and what a silent receiver costs, is tested beside each adapter.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use strongroom_kernel::ports::{PortErrorKind, Sink, SinkError, StoredEvent};
use strongroom_model::Timestamp;

/// A sink under test, and the other side of it.
#[async_trait]
pub trait Receiver: Send + Sync {
    /// The sink; the same each time.
    fn sink(&self) -> Arc<dyn Sink>;

    /// The bodies that arrived and were not taken yet, in order.
    async fn take(&self) -> Vec<Vec<u8>>;

    /// Takes the receiver out of the sink's reach, in the midst of whatever it does.
    async fn go_away(&self);

    /// Brings it back, with all that had arrived.
    async fn come_back(&self);

    /// Cleans up behind a test.
    async fn done(&self) {}
}

/// Runs the suite on the receivers that `$make` makes: one test per case.
#[macro_export]
macro_rules! sink_tests {
    ($make:path) => {
        $crate::sink_tests! { @each $make;
            its_name_and_topic_stay_the_same,
            nothing_to_deliver_asks_nobody,
            events_arrive_in_order_and_byte_for_byte,
            events_have_arrived_when_the_call_returns,
            the_same_events_may_be_delivered_again,
            a_receiver_out_of_reach_is_unavailable_and_found_again,
            what_counts_as_delivered_has_arrived,
            calls_from_many_tasks_are_all_answered,
            an_abandoned_call_harms_no_later_one,
        }
    };
    (@each $make:path; $($case:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                match $make().await {
                    Some(receiver) => {
                        $crate::sink::$case(&receiver).await;
                        $crate::sink::Receiver::done(&receiver).await;
                    }
                    None => println!("skipped"),
                }
            }
        )*
    };
}

/// No call lasts longer than this, whatever happens.
const LONGEST: Duration = Duration::from_mins(1);

async fn deliver(sink: &dyn Sink, events: &[StoredEvent]) -> Result<(), SinkError> {
    let result = tokio::time::timeout(LONGEST, sink.deliver(events)).await.expect("no call hangs");
    if let Err(error) = &result {
        assert!(error.delivered <= events.len(), "more delivered than there were: {error:?}");
    }
    result
}

/// `count` events at the offsets from `first`, each with another body.
fn events(first: u64, count: u64) -> Vec<StoredEvent> {
    let event = |offset| StoredEvent {
        offset,
        sequence: offset / 3,
        place: u32::try_from(offset % 3).unwrap(),
        key: format!("key {}", offset % 7),
        time: Timestamp::from_micros(1_700_000_000_000_000).unwrap(),
        payload: body(offset),
    };
    (first..first + count).map(event).collect()
}

fn body(offset: u64) -> Vec<u8> {
    format!("{{\"n\":{offset},\"text\":\"äöü \\u0000 {}\"}}", "x".repeat((offset % 50) as usize)).into_bytes()
}

fn bodies(first: u64, count: u64) -> Vec<Vec<u8>> {
    (first..first + count).map(body).collect()
}

/// The name is its cursor's, so it must not change while the sink lives.
pub async fn its_name_and_topic_stay_the_same(receiver: &dyn Receiver) {
    let sink = receiver.sink();
    let (name, topic) = (sink.name().to_owned(), sink.topic());
    assert!(!name.is_empty() && !topic.is_empty());
    deliver(&*sink, &events(0, 1)).await.unwrap();
    assert_eq!((sink.name(), sink.topic()), (&*name, topic));
}

/// An empty delivery succeeds even when nobody is there.
pub async fn nothing_to_deliver_asks_nobody(receiver: &dyn Receiver) {
    receiver.go_away().await;
    deliver(&*receiver.sink(), &[]).await.unwrap();
    receiver.come_back().await;
    assert!(receiver.take().await.is_empty());
}

/// Within a call and over calls.
pub async fn events_arrive_in_order_and_byte_for_byte(receiver: &dyn Receiver) {
    let sink = receiver.sink();
    for (first, count) in [(0, 1), (1, 499), (500, 2), (502, 300)] {
        deliver(&*sink, &events(first, count)).await.unwrap();
    }
    assert_eq!(receiver.take().await, bodies(0, 802));
}

/// Not a moment later.
pub async fn events_have_arrived_when_the_call_returns(receiver: &dyn Receiver) {
    let sink = receiver.sink();
    for first in 0..20 {
        deliver(&*sink, &events(first, 1)).await.unwrap();
        assert_eq!(receiver.take().await, bodies(first, 1));
    }
}

/// A crash before the cursor was written makes the relay do so.
pub async fn the_same_events_may_be_delivered_again(receiver: &dyn Receiver) {
    let sink = receiver.sink();
    for _ in 0..2 {
        deliver(&*sink, &events(0, 3)).await.unwrap();
    }
    let arrived = receiver.take().await;
    assert_eq!(arrived[..3], bodies(0, 3));
    // A receiver may drop repeats, but no more than that.
    assert!(arrived.len() == 3 || arrived[3..] == bodies(0, 3));
}

/// Before the first call, and between two.
pub async fn a_receiver_out_of_reach_is_unavailable_and_found_again(receiver: &dyn Receiver) {
    let sink = receiver.sink();
    for round in 0..3 {
        receiver.go_away().await;
        for _ in 0..2 {
            let error = deliver(&*sink, &events(round * 2, 2)).await.expect_err("nobody is there");
            assert_eq!((error.delivered, error.source.kind), (0, PortErrorKind::Unavailable));
        }
        receiver.come_back().await;
        deliver(&*sink, &events(round * 2, 2)).await.unwrap();
    }
    assert_eq!(receiver.take().await, bodies(0, 6));
}

/// Whatever a call that was cut short says it delivered is there; continuing behind it delivers all.
pub async fn what_counts_as_delivered_has_arrived(receiver: &dyn Receiver) {
    let sink = receiver.sink();
    deliver(&*sink, &events(0, 1)).await.unwrap();
    let batch = events(0, 3_000);
    let (first, ()) = tokio::join!(deliver(&*sink, &batch), async {
        tokio::task::yield_now().await;
        receiver.go_away().await;
    });
    let mut delivered = first.map_or_else(|error| error.delivered, |()| batch.len());
    receiver.come_back().await;
    let mut arrived = receiver.take().await;
    for body in bodies(0, delivered as u64) {
        assert!(arrived.contains(&body), "{} counts as delivered", String::from_utf8_lossy(&body));
    }
    while delivered < batch.len() {
        let rest = &batch[delivered..];
        delivered += deliver(&*sink, rest).await.map_or_else(|error| error.delivered, |()| rest.len());
    }
    arrived.extend(receiver.take().await);
    arrived.sort_unstable();
    arrived.dedup();
    let mut expected = bodies(0, 3_000);
    expected.sort_unstable();
    assert!(arrived == expected, "{} of {} arrived", arrived.len(), expected.len());
}

/// The relay calls from one task; nothing breaks if others do, too.
pub async fn calls_from_many_tasks_are_all_answered(receiver: &dyn Receiver) {
    let calls: Vec<_> = (0..200)
        .map(|call| {
            let sink = receiver.sink();
            tokio::spawn(async move { deliver(&*sink, &events(call * 10, 10)).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let (mut arrived, mut expected) = (receiver.take().await, bodies(0, 2_000));
    arrived.sort_unstable();
    expected.sort_unstable();
    assert!(arrived == expected, "{} of {} arrived", arrived.len(), expected.len());
}

/// Whoever stops waiting drops the call at any of its points.
pub async fn an_abandoned_call_harms_no_later_one(receiver: &dyn Receiver) {
    let sink = receiver.sink();
    deliver(&*sink, &events(0, 1)).await.unwrap();
    let abandoned = events(1, 300);
    for patience in 0..20 {
        tokio::select! {
            biased;
            result = sink.deliver(&abandoned) => result.unwrap(),
            () = yield_often(patience) => {}
        }
    }
    deliver(&*sink, &events(1_000, 2)).await.unwrap();
    let arrived = receiver.take().await;
    assert!(arrived.ends_with(&bodies(1_000, 2)));
}

async fn yield_often(times: usize) {
    for _ in 0..=times {
        tokio::task::yield_now().await;
    }
}
