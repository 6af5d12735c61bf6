//! Delivers events to a RabbitMQ queue, persistent and confirmed.
//!
//! The queue is what OpenKAT's Bytes and its scheduler declare: durable, neither exclusive nor auto-deleted,
//! without arguments, reached through the default exchange. It is declared before every batch, and each message
//! is mandatory: a queue somebody deletes while we run is made again, and what the broker returned is sent again.
//!
//! [`AmqpSink`] is the port; `worker` owns the connection and serves one batch after the other; `link` is one
//! connection with its channel; `dial` makes the TCP or TLS stream; `address` reads the URL.
//!
//! The client library writes a warning with the whole message when the broker returns one. Messages can hold
//! secrets of the jobs they tell of, so whoever installs the diagnostics switches its target off:
//! `lapin::returned_messages`.

mod address;
mod dial;
mod link;
mod worker;

use std::{fmt, sync::OnceLock, time::Duration};

use async_trait::async_trait;
use strongroom_kernel::ports::{PortError, Sink, SinkError, StoredEvent};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

pub use address::AmqpAddress;

use worker::{Request, Worker};

/// How many batches may wait for the connection at once; further callers wait for a place.
const WAITING_BATCHES: usize = 64;
/// How long beyond its deadline a batch may take to say that it missed it.
const GRACE: Duration = Duration::from_secs(1);

/// What an [`AmqpSink`] needs to know.
#[derive(Debug, Clone)]
pub struct AmqpSettings {
    /// The broker.
    pub address: AmqpAddress,
    /// Name of the queue, 1 to 255 bytes; also the routing key.
    pub queue: String,
    /// How long a batch may take, waiting for its turn and connecting included. Default 5 s.
    pub timeout: Duration,
    /// How long to leave a broker alone after it could not be reached; doubles with every further failure.
    /// Batches that come meanwhile fail at once. Default 50 ms.
    pub first_pause: Duration,
    /// Above which the pause does not grow. Default 1 s: the relay paces itself, too.
    pub longest_pause: Duration,
}

impl AmqpSettings {
    /// The defaults for `queue` at `address`.
    pub fn new(address: AmqpAddress, queue: impl Into<String>) -> Self {
        Self {
            address,
            queue: queue.into(),
            timeout: Duration::from_secs(5),
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(1),
        }
    }
}

/// Delivers the events of one topic to one RabbitMQ queue.
///
/// Connects with the first batch, on a task of its own. May be called from many tasks: batches are served one
/// after the other, and no call lasts longer than the configured time and a second. A caller that stops waiting
/// disturbs nobody. Dropping the sink closes the connection.
///
/// Messages the broker returned because the queue was gone are sent again after the others of their batch, so
/// around a deleted queue their order may differ. The message id, `<topic>:<offset>`, tells repeats.
pub struct AmqpSink {
    name: String,
    topic: &'static str,
    settings: AmqpSettings,
    worker: OnceLock<mpsc::Sender<Request>>,
}

impl AmqpSink {
    /// A sink for `topic`; nothing is connected yet.
    ///
    /// # Errors
    /// `Refused` when the queue's name is empty or longer than 255 bytes.
    pub fn new(topic: &'static str, settings: AmqpSettings) -> Result<Self, PortError> {
        if settings.queue.is_empty() || settings.queue.len() > 255 {
            return Err(PortError::refused("name the queue: it must have 1 to 255 bytes"));
        }
        let name = format!("amqp:{}", settings.queue);
        Ok(Self { name, topic, settings, worker: OnceLock::new() })
    }

    /// Connects if need be and declares the queue, without delivering anything.
    ///
    /// # Errors
    /// As [`Sink::deliver`].
    pub async fn check(&self) -> Result<(), PortError> {
        self.ask(Vec::new()).await.map_err(|error| error.source)
    }

    async fn ask(&self, events: Vec<StoredEvent>) -> Result<(), SinkError> {
        let deadline = Instant::now() + self.settings.timeout;
        let (reply, answer) = oneshot::channel();
        let request = Request { events, deadline, reply };
        match timeout_at(deadline, self.worker().send(request)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => {
                return Err(nothing_delivered("deliver to RabbitMQ: the connection's task has ended"));
            }
            Err(_) => return Err(nothing_delivered("deliver to RabbitMQ: too many batches are waiting")),
        }
        match timeout_at(deadline + GRACE, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(nothing_delivered("deliver to RabbitMQ: the connection's task has ended")),
            Err(_) => Err(nothing_delivered("deliver to RabbitMQ: no confirmation in time")),
        }
    }

    fn worker(&self) -> &mpsc::Sender<Request> {
        self.worker.get_or_init(|| {
            let (sender, requests) = mpsc::channel(WAITING_BATCHES);
            tokio::spawn(Worker::new(self.topic, self.settings.clone()).run(requests));
            sender
        })
    }
}

fn nothing_delivered(context: &str) -> SinkError {
    SinkError { delivered: 0, source: PortError::unavailable(context) }
}

impl fmt::Debug for AmqpSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AmqpSink")
            .field("name", &self.name)
            .field("topic", &self.topic)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Sink for AmqpSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn topic(&self) -> &'static str {
        self.topic
    }

    /// Besides the kinds of the port: `Conflict` when the queue exists with other arguments than ours,
    /// `Refused` when the broker denies the login or the virtual host.
    async fn deliver(&self, events: &[StoredEvent]) -> Result<(), SinkError> {
        if events.is_empty() {
            return Ok(());
        }
        self.ask(events.to_vec()).await
    }
}
