//! What arrives when all is well.

use std::sync::Arc;

use strongroom_kernel::ports::Sink;

use super::broker::{Broker, bodies, event, events, soon};

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_in_order_persistent_and_named() {
    let Some(broker) = Broker::for_test("order").await else { return };
    let sink = broker.sink();
    soon(sink.deliver(&events(7, 600))).await.expect("deliver");
    let messages = broker.take_all().await;
    assert_eq!(messages.iter().map(|message| &*message.body).collect::<Vec<_>>(), bodies(7, 600));
    for (message, offset) in messages.iter().zip(7..) {
        let text = |value: &Option<lapin::types::ShortString>| value.as_ref().map(ToString::to_string);
        assert_eq!(*message.properties.delivery_mode(), Some(2));
        assert_eq!(text(message.properties.content_type()).as_deref(), Some("application/json"));
        assert_eq!(text(message.properties.message_id()), Some(format!("raw_file_received:{offset}")));
    }
    broker.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_in_the_queue_when_it_returns() {
    let Some(broker) = Broker::for_test("at_return").await else { return };
    let sink = broker.sink();
    for offset in 0..20 {
        soon(sink.deliver(&events(offset, 1))).await.expect("deliver");
        assert_eq!(broker.ready().await, u32::try_from(offset).expect("small") + 1);
    }
    broker.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_larger_than_a_frame_arrives_whole() {
    let Some(broker) = Broker::for_test("large").await else { return };
    let body = vec![b'x'; 3_000_000];
    soon(broker.sink().deliver(&[event(0, body.clone()), event(1, Vec::new())])).await.expect("deliver");
    assert_eq!(broker.bodies().await, [String::from_utf8(body).expect("UTF-8"), String::new()]);
    broker.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_at_once_all_get_their_answer() {
    let Some(broker) = Broker::for_test("many").await else { return };
    let sink = Arc::new(broker.sink());
    let callers: Vec<_> = (0..200)
        .map(|caller| {
            let sink = Arc::clone(&sink);
            tokio::spawn(async move { sink.deliver(&events(caller * 10, 10)).await })
        })
        .collect();
    for caller in callers {
        soon(caller).await.expect("no panic").expect("deliver");
    }
    let mut arrived = broker.bodies().await;
    let mut expected = bodies(0, 2_000);
    arrived.sort_unstable();
    expected.sort_unstable();
    assert_eq!(arrived, expected);
    broker.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_stops_waiting_disturbs_nobody() {
    let Some(broker) = Broker::for_test("impatient").await else { return };
    let sink = broker.sink();
    soon(sink.check()).await.expect("connect");
    let abandoned = events(0, 300);
    for _ in 0..20 {
        tokio::select! {
            biased;
            result = sink.deliver(&abandoned) => result.expect("deliver"),
            () = tokio::task::yield_now() => {}
        }
    }
    soon(sink.deliver(&events(1_000, 1))).await.expect("deliver");
    assert_eq!(broker.bodies().await.last(), bodies(1_000, 1).last());
    broker.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_events_are_delivered_without_asking_the_broker() {
    let Some(broker) = Broker::for_test("none").await else { return };
    let mut settings = broker.settings();
    settings.address = "amqp://127.0.0.1:9/".parse().expect("a URL");
    let sink = strongroom_hub::sinks::amqp::AmqpSink::new("t", settings).expect("a sink");
    sink.deliver(&[]).await.expect("nothing to do");
    broker.done().await;
}
