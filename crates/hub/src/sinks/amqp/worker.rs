//! The task that owns the connection and serves batches one after the other.
//!
//! Connects when a batch needs it, once more when the connection turns out to be dead, and leaves a broker that
//! cannot be reached alone for a growing pause. Never waits past a batch's deadline.

use std::time::Duration;

use strongroom_kernel::ports::{PortError, SinkError, StoredEvent};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout, timeout_at},
};

use super::{AmqpSettings, link::Link};

/// How long the goodbye to the broker may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// A batch on its way. Without events the queue is declared and no more.
pub(super) struct Request {
    pub(super) events: Vec<StoredEvent>,
    pub(super) deadline: Instant,
    pub(super) reply: oneshot::Sender<Result<(), SinkError>>,
}

/// Owns the connection.
pub(super) struct Worker {
    topic: &'static str,
    settings: AmqpSettings,
    link: Option<Link>,
    /// The pause after the next failure to connect.
    pause: Duration,
    /// Until when the broker is left alone.
    resting_until: Option<Instant>,
}

impl Worker {
    pub(super) fn new(topic: &'static str, settings: AmqpSettings) -> Self {
        let pause = settings.first_pause;
        Self { topic, settings, link: None, pause, resting_until: None }
    }

    /// Serves until the sink is dropped.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        while let Some(request) = requests.recv().await {
            if request.reply.is_closed() {
                continue;
            }
            let result = self.serve(&request).await;
            // A caller that stopped waiting does not want to know.
            let _ = request.reply.send(result);
        }
        if let Some(link) = self.link.take() {
            let _ = timeout(GOODBYE, link.close()).await;
        }
    }

    async fn serve(&mut self, request: &Request) -> Result<(), SinkError> {
        let mut confirmed = vec![false; request.events.len()];
        let attempt = timeout_at(request.deadline, self.attempt(&request.events, &mut confirmed)).await;
        let result = attempt.unwrap_or_else(|_| Err(self.out_of_time()));
        result.map_err(|source| {
            let delivered = confirmed.iter().take_while(|&&confirmed| confirmed).count();
            SinkError { delivered, source }
        })
    }

    /// Delivers; a connection that proves dead under way is replaced once.
    async fn attempt(&mut self, events: &[StoredEvent], confirmed: &mut [bool]) -> Result<(), PortError> {
        match self.deliver(events, confirmed).await {
            Err(error) if self.link.as_ref().is_some_and(|link| !link.is_connected()) => {
                tracing::info!(error = %describe(&error), "the connection to RabbitMQ was lost, connecting anew");
                self.link = None;
                self.deliver(events, confirmed).await
            }
            result => result,
        }
    }

    async fn deliver(&mut self, events: &[StoredEvent], confirmed: &mut [bool]) -> Result<(), PortError> {
        let link = self.connected().await?;
        link.declare().await?;
        link.publish(events, confirmed).await
    }

    async fn connected(&mut self) -> Result<&mut Link, PortError> {
        let live = match self.link.take() {
            Some(mut link) if link.is_connected() => link.renew_channel().await.map(|()| link).ok(),
            _ => None,
        };
        let link = match live {
            Some(link) => link,
            None => self.connect().await?,
        };
        Ok(self.link.insert(link))
    }

    async fn connect(&mut self) -> Result<Link, PortError> {
        if self.resting_until.is_some_and(|until| Instant::now() < until) {
            return Err(PortError::unavailable("connect to RabbitMQ: it could not be reached a moment ago"));
        }
        let opened = Link::open(self.topic, &self.settings).await;
        match opened {
            Ok(_) => (self.pause, self.resting_until) = (self.settings.first_pause, None),
            Err(_) => self.rest(),
        }
        opened
    }

    /// Drops a connection that did not answer; its stream is cut with it.
    fn out_of_time(&mut self) -> PortError {
        if self.link.take().is_none() {
            self.rest();
        }
        let waited = self.settings.timeout.as_millis();
        PortError::unavailable(format!("deliver to RabbitMQ: no confirmation within {waited} ms"))
    }

    /// Leaves the broker alone for a while, the next time for longer.
    fn rest(&mut self) {
        self.resting_until = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(self.settings.longest_pause);
    }
}

fn describe(error: &PortError) -> String {
    error.source.as_ref().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
