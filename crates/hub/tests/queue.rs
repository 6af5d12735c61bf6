//! The queue is somebody else's too: deleted, made with other arguments, out of bounds.

use lapin::{
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable},
};
use strongroom_hub::sinks::amqp::AmqpSink;
use strongroom_kernel::ports::{PortErrorKind, Sink};

use super::broker::{Broker, TOPIC, bodies, events, soon};

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_deleted_between_two_deliveries_is_made_again() {
    let Some(broker) = Broker::for_test("deleted").await else { return };
    let sink = broker.sink();
    for round in 0..5 {
        soon(sink.deliver(&events(round, 1))).await.expect("deliver");
        assert_eq!(broker.bodies().await, bodies(round, 1));
        broker.delete_queue().await;
    }
    broker.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_deleted_during_a_delivery_is_made_again() {
    let Some(broker) = Broker::for_test("deleted_during").await else { return };
    let sink = broker.sink();
    for round in 0..5 {
        let batch = events(round * 2_000, 2_000);
        // As often as a delivery declares the queue again, so each of them must succeed.
        let deletions = async {
            for _ in 0..3 {
                broker.delete_queue().await;
            }
        };
        let (delivered, ()) = soon(async { tokio::join!(sink.deliver(&batch), deletions) }).await;
        delivered.expect("deliver");
    }
    soon(sink.deliver(&events(90_000, 3))).await.expect("deliver");
    assert!(broker.bodies().await.ends_with(&bodies(90_000, 3)));
    broker.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_the_one_others_declare() {
    let Some(broker) = Broker::for_test("same").await else { return };
    soon(broker.sink().deliver(&events(0, 1))).await.expect("deliver");
    broker.declare(QueueDeclareOptions::durable(), FieldTable::default()).await;
    assert_eq!(broker.bodies().await, bodies(0, 1));
    broker.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_with_other_arguments_is_a_clear_error_until_it_is_gone() {
    let Some(broker) = Broker::for_test("arguments").await else { return };
    let sink = broker.sink();
    let mut limited = FieldTable::default();
    limited.insert("x-max-length".into(), AMQPValue::LongInt(5));
    for (options, arguments) in
        [(QueueDeclareOptions::default(), FieldTable::default()), (QueueDeclareOptions::durable(), limited)]
    {
        broker.declare(options, arguments).await;
        for _ in 0..3 {
            let error = soon(sink.deliver(&events(0, 2))).await.expect_err("another queue");
            assert_eq!((error.delivered, error.source.kind), (0, PortErrorKind::Conflict));
            assert!(error.source.to_string().contains("exists with other arguments"), "{}", error.source);
        }
        broker.delete_queue().await;
        soon(sink.deliver(&events(0, 2))).await.expect("deliver");
        assert_eq!(broker.bodies().await, bodies(0, 2));
        broker.delete_queue().await;
    }
    broker.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_login_is_refused_and_says_nothing_of_the_password() {
    let Some(broker) = Broker::for_test("login").await else { return };
    let (scheme, rest) = broker.url.split_once("://").expect("a URL");
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let place = host.split('/').next().unwrap_or(host);
    for url in
        [format!("{scheme}://nobody:pa55@{host}"), format!("{}/nowhere", broker.url.replace(host, place))]
    {
        let mut settings = broker.settings();
        settings.address = url.parse().expect("a URL");
        let sink = AmqpSink::new(TOPIC, settings).expect("a sink");
        let error = soon(sink.deliver(&events(0, 1))).await.expect_err("denied");
        assert_eq!(error.source.kind, PortErrorKind::Refused, "{error:?}");
        assert!(!format!("{error:?} {sink:?}").contains("pa55"));
    }
    broker.done().await;
}
