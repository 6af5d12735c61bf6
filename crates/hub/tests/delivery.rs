//! How messages look when they arrive.

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
async fn a_body_larger_than_a_frame_arrives_whole() {
    let Some(broker) = Broker::for_test("large").await else { return };
    let body = vec![b'x'; 3_000_000];
    soon(broker.sink().deliver(&[event(0, body.clone()), event(1, Vec::new())])).await.expect("deliver");
    assert_eq!(broker.bodies().await, [String::from_utf8(body).expect("UTF-8"), String::new()]);
    broker.done().await;
}
