//! The broker goes away, stays silent, comes back: what the suite of the port does not ask.

use std::time::Duration;

use strongroom_hub::sinks::amqp::AmqpSink;
use strongroom_kernel::ports::{PortErrorKind, Sink};

use super::{
    broker::{Broker, TOPIC, bodies, events, soon},
    proxy::Proxy,
};

/// A broker behind a proxy, and a sink that goes through it.
async fn behind_a_proxy(test: &str, timeout: Duration, pause: Duration) -> Option<(Broker, Proxy, AmqpSink)> {
    let broker = Broker::for_test(test).await?;
    let (proxy, mut settings) = broker.behind_a_proxy().await;
    settings.timeout = timeout;
    settings.first_pause = pause;
    settings.longest_pause = pause;
    let sink = AmqpSink::new(TOPIC, settings).expect("a sink");
    Some((broker, proxy, sink))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_replaced_within_the_delivery() {
    let behind = behind_a_proxy("cut", Duration::from_secs(20), Duration::ZERO).await;
    let Some((broker, proxy, sink)) = behind else { return };
    for offset in 0..10 {
        soon(sink.deliver(&events(offset, 1))).await.expect("deliver");
        proxy.cut().await;
    }
    assert_eq!(broker.bodies().await, bodies(0, 10));
    broker.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_broker_is_left_alone_for_a_while() {
    let behind = behind_a_proxy("pause", Duration::from_secs(20), Duration::from_hours(1)).await;
    let Some((broker, mut proxy, sink)) = behind else { return };
    proxy.close().await;
    soon(sink.deliver(&events(0, 1))).await.expect_err("no broker");
    proxy.open().await;
    let error = soon(sink.deliver(&events(0, 1))).await.expect_err("still resting");
    assert!(error.source.to_string().contains("a moment ago"), "{}", error.source);
    broker.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_broker_costs_no_more_than_the_time_allowed_and_no_connection_stays() {
    let behind = behind_a_proxy("silent", Duration::from_millis(200), Duration::ZERO).await;
    let Some((broker, mut proxy, sink)) = behind else { return };
    let mut ends = proxy.swallow().await;
    for _ in 0..3 {
        let error = soon(sink.deliver(&events(0, 1))).await.expect_err("silence");
        assert_eq!((error.delivered, error.source.kind), (0, PortErrorKind::Unavailable));
        // The connection that was given up is closed, not kept until its peer speaks.
        soon(ends.recv()).await.expect("an end");
    }
    broker.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_sink_closes_its_connection() {
    let behind = behind_a_proxy("dropped", Duration::from_secs(20), Duration::ZERO).await;
    let Some((broker, mut proxy, _)) = behind else { return };
    let mut settings = broker.settings();
    settings.address = format!("amqp://{}", proxy.address()).parse().expect("a URL");
    settings.timeout = Duration::from_millis(200);
    let mut ends = proxy.swallow().await;
    let sink = AmqpSink::new(TOPIC, settings).expect("a sink");
    soon(sink.deliver(&events(0, 1))).await.expect_err("silence");
    drop(sink);
    soon(ends.recv()).await.expect("an end");
    broker.done().await;
}
