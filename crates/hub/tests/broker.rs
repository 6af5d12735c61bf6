//! The other side of the sink: looks into queues, deletes them, reads what arrived.

use std::time::Duration;

use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{BasicGetOptions, QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions},
    types::FieldTable,
};
use strongroom_hub::sinks::amqp::{AmqpSettings, AmqpSink};
use strongroom_kernel::ports::StoredEvent;
use strongroom_model::Timestamp;

use super::proxy::Proxy;

pub(crate) const TOPIC: &str = "raw_file_received";

/// The broker under test with one queue.
pub(crate) struct Broker {
    pub(crate) url: String,
    pub(crate) queue: String,
    channel: Channel,
    connection: Connection,
}

/// A message as it stood in the queue.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) body: String,
    pub(crate) properties: BasicProperties,
}

impl Broker {
    /// The broker with the queue `test`, which is deleted; `None` and a word on the terminal without a broker.
    pub(crate) async fn for_test(test: &str) -> Option<Self> {
        let Ok(url) = std::env::var("STRONGROOM_TEST_AMQP_URL") else {
            println!("skipped: STRONGROOM_TEST_AMQP_URL is not set");
            return None;
        };
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.expect("connect");
        let channel = connection.create_channel().await.expect("open a channel");
        let queue = format!("strongroom_test_{}_{test}", std::process::id());
        let broker = Self { url, queue, channel, connection };
        broker.delete_queue().await;
        Some(broker)
    }

    pub(crate) fn settings(&self) -> AmqpSettings {
        AmqpSettings::new(self.url.parse().expect("the URL of the broker"), &*self.queue)
    }

    /// A proxy before the broker, and the settings of a sink that goes through it.
    pub(crate) async fn behind_a_proxy(&self) -> (Proxy, AmqpSettings) {
        let mut settings = self.settings();
        let direct = format!("{}:{}", settings.address.host(), settings.address.port());
        let proxy = Proxy::to(&direct).await;
        settings.address = self.url.replace(&direct, proxy.address()).parse().expect("a URL");
        (proxy, settings)
    }

    pub(crate) fn sink(&self) -> AmqpSink {
        AmqpSink::new(TOPIC, self.settings()).expect("a sink")
    }

    pub(crate) async fn delete_queue(&self) {
        self.channel.queue_delete((*self.queue).into(), QueueDeleteOptions::default()).await.expect("delete");
    }

    pub(crate) async fn purge(&self) {
        self.channel.queue_purge((*self.queue).into(), QueuePurgeOptions::default()).await.expect("purge");
    }

    pub(crate) async fn declare(&self, options: QueueDeclareOptions, arguments: FieldTable) {
        let declared = self.channel.queue_declare((*self.queue).into(), options, arguments).await;
        declared.expect("declare");
    }

    /// How many messages are ready. Fails when the queue is not there.
    pub(crate) async fn ready(&self) -> u32 {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.channel.queue_declare((*self.queue).into(), passive, FieldTable::default()).await;
        queue.expect("look at the queue").message_count()
    }

    /// Takes all messages out of the queue.
    pub(crate) async fn take_all(&self) -> Vec<Message> {
        let mut messages = Vec::new();
        let options = BasicGetOptions { no_ack: true };
        while let Some(got) = self.channel.basic_get((*self.queue).into(), options).await.expect("get") {
            let body = String::from_utf8(got.delivery.data).expect("UTF-8");
            messages.push(Message { body, properties: got.delivery.properties });
        }
        messages
    }

    pub(crate) async fn bodies(&self) -> Vec<String> {
        self.take_all().await.into_iter().map(|message| message.body).collect()
    }

    /// Leaves nothing behind.
    pub(crate) async fn done(self) {
        self.delete_queue().await;
        self.connection.close(200, "done".into()).await.expect("close");
    }
}

/// `count` events at the offsets from `first`.
pub(crate) fn events(first: u64, count: u64) -> Vec<StoredEvent> {
    (first..first + count).map(|offset| event(offset, body(offset).into_bytes())).collect()
}

pub(crate) fn event(offset: u64, payload: Vec<u8>) -> StoredEvent {
    let time = Timestamp::from_micros(1_700_000_000_000_000).expect("a time");
    StoredEvent { offset, sequence: offset, place: 0, key: "acme".to_owned(), time, payload }
}

pub(crate) fn body(offset: u64) -> String {
    format!(r#"{{"event_id":"raw_file_received","n":{offset}}}"#)
}

pub(crate) fn bodies(first: u64, count: u64) -> Vec<String> {
    (first..first + count).map(body).collect()
}

/// Fails the test instead of letting it hang.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("nothing takes this long")
}
