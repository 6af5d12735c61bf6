//! The suite of the port, on RabbitMQ behind a proxy.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use lapin::{options::QueueDeclareOptions, types::FieldTable};
use strongroom_contract::sink::Receiver;
use strongroom_hub::sinks::amqp::AmqpSink;
use strongroom_kernel::ports::Sink;
use tokio::sync::Mutex;

use super::{
    broker::{Broker, TOPIC},
    proxy::Proxy,
};

strongroom_contract::sink_tests!(rabbitmq);

struct RabbitMq {
    broker: Broker,
    proxy: Mutex<Proxy>,
    sink: Arc<AmqpSink>,
}

async fn rabbitmq() -> Option<RabbitMq> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let queue = format!("contract_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let broker = Broker::for_test(&queue).await?;
    // The suite looks into the queue even where nothing was delivered.
    broker.declare(QueueDeclareOptions::durable(), FieldTable::default()).await;
    let (proxy, mut settings) = broker.behind_a_proxy().await;
    settings.timeout = Duration::from_secs(20);
    (settings.first_pause, settings.longest_pause) = (Duration::ZERO, Duration::ZERO);
    let sink = Arc::new(AmqpSink::new(TOPIC, settings).expect("a sink"));
    Some(RabbitMq { broker, proxy: Mutex::new(proxy), sink })
}

#[async_trait]
impl Receiver for RabbitMq {
    fn sink(&self) -> Arc<dyn Sink> {
        Arc::<AmqpSink>::clone(&self.sink)
    }

    async fn take(&self) -> Vec<Vec<u8>> {
        self.broker.take_all().await.into_iter().map(|message| message.body.into_bytes()).collect()
    }

    async fn go_away(&self) {
        self.proxy.lock().await.close().await;
    }

    async fn come_back(&self) {
        self.proxy.lock().await.open().await;
    }

    async fn done(&self) {
        self.broker.delete_queue().await;
    }
}
