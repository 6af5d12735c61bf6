//! One connection to the broker with the channel we publish on.
//!
//! Knows how the queue is declared and how messages look. When to connect anew, and how long anything may take,
//! is decided by the neighbour `worker`.

use std::collections::HashSet;

use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ErrorKind, PublisherConfirm,
    options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions},
    protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError},
    types::{FieldTable, ShortString},
};
use strongroom_kernel::ports::{PortError, PortErrorKind, StoredEvent};

use super::{
    AmqpSettings,
    dial::{Scissors, dial},
};

/// How many messages wait for their confirmation at once.
const WINDOW: usize = 256;
/// How often a batch declares the queue again because the broker returned messages.
const ROUNDS: usize = 4;
/// Delivery mode of a message the broker keeps over its restart (AMQP 0.9.1 §1.8.3).
const PERSISTENT: u8 = 2;

/// A connection, the channel on it, and the queue.
pub(super) struct Link {
    connection: Connection,
    channel: Channel,
    queue: ShortString,
    topic: &'static str,
    /// Ends the stream with the link, whatever the client library is waiting for.
    _scissors: Scissors,
}

impl Link {
    /// Connects, logs in and opens a channel with publisher confirms.
    pub(super) async fn open(topic: &'static str, settings: &AmqpSettings) -> Result<Self, PortError> {
        let (connection, scissors) =
            dial(&settings.address).await.map_err(|error| port_error("connect to RabbitMQ", error))?;
        let channel = open_channel(&connection).await?;
        let queue = ShortString::from(&*settings.queue);
        Ok(Self { connection, channel, queue, topic, _scissors: scissors })
    }

    /// Whether the connection lives, as far as is known.
    pub(super) fn is_connected(&self) -> bool {
        self.connection.status().connected()
    }

    /// Opens a new channel where the broker closed the old one: it does after each refusal.
    pub(super) async fn renew_channel(&mut self) -> Result<(), PortError> {
        if !self.channel.status().connected() {
            self.channel = open_channel(&self.connection).await?;
        }
        Ok(())
    }

    /// Makes the queue, or finds it there with the same arguments.
    pub(super) async fn declare(&self) -> Result<(), PortError> {
        let (options, arguments) = (QueueDeclareOptions::durable(), FieldTable::default());
        let declared = self.channel.queue_declare(self.queue.clone(), options, arguments).await;
        match declared {
            Ok(_) => Ok(()),
            Err(error) if soft_error(&error) == Some(AMQPSoftError::PRECONDITIONFAILED) => {
                Err(PortError::new(
                    PortErrorKind::Conflict,
                    format!(
                        "declare queue {}: it exists with other arguments than durable, not exclusive, \
                     not auto-deleted and none else; delete it or choose another",
                        self.queue
                    ),
                )
                .with_source(error))
            }
            Err(error) => Err(port_error(&format!("declare queue {}", self.queue), error)),
        }
    }

    /// Publishes what is not confirmed yet and waits for the confirmations; ticks them off in `confirmed`.
    pub(super) async fn publish(
        &self,
        events: &[StoredEvent],
        confirmed: &mut [bool],
    ) -> Result<(), PortError> {
        for _ in 0..ROUNDS {
            let open: Vec<usize> = (0..events.len()).filter(|&index| !confirmed[index]).collect();
            if open.is_empty() {
                return Ok(());
            }
            for window in open.chunks(WINDOW) {
                self.publish_window(events, window, confirmed).await?;
            }
            if confirmed.iter().all(|&confirmed| confirmed) {
                return Ok(());
            }
            // Somebody deleted the queue between our declaring it and our last message.
            tracing::warn!(queue = %self.queue, "the broker returned events, declaring the queue again");
            self.declare().await?;
        }
        Err(PortError::unavailable(format!("publish to queue {}: it is deleted again and again", self.queue)))
    }

    async fn publish_window(
        &self,
        events: &[StoredEvent],
        window: &[usize],
        confirmed: &mut [bool],
    ) -> Result<(), PortError> {
        let mut confirms = Vec::with_capacity(window.len());
        for &index in window {
            let confirm = self.publish_one(&events[index]).await;
            confirms.push(confirm.map_err(|error| port_error("publish an event", error))?);
        }
        // The library hands a returned message out with any confirmation that comes after it, not only with its
        // own, so nothing of a window counts before all of it is known.
        let (mut taken, mut returned) = (Vec::with_capacity(window.len()), HashSet::new());
        for (&index, confirm) in window.iter().zip(confirms) {
            match confirm.await.map_err(|error| port_error("wait for a confirmation", error))? {
                Confirmation::Ack(message) => {
                    taken.push(index);
                    returned.extend(message.and_then(|message| message.properties.message_id().clone()));
                }
                Confirmation::Nack(_) => {
                    return Err(PortError::unavailable("publish an event: the broker could not take it"));
                }
                Confirmation::NotRequested => {
                    return Err(PortError::unavailable("publish an event: the broker does not confirm"));
                }
            }
        }
        for index in taken {
            confirmed[index] = !returned.contains(&self.message_id(&events[index]));
        }
        Ok(())
    }

    async fn publish_one(&self, event: &StoredEvent) -> lapin::Result<PublisherConfirm> {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(self.message_id(event));
        let default_exchange = ShortString::default();
        self.channel
            .basic_publish(default_exchange, self.queue.clone(), options, &event.payload, properties)
            .await
    }

    /// Stays the same however often an event is sent: tells repeats.
    fn message_id(&self, event: &StoredEvent) -> ShortString {
        format!("{}:{}", self.topic, event.offset).into()
    }

    /// Says goodbye to the broker.
    pub(super) async fn close(self) {
        // Whether it heard us or not, the stream ends now.
        let _ = self.connection.close(200, "goodbye".into()).await;
    }
}

async fn open_channel(connection: &Connection) -> Result<Channel, PortError> {
    let failed = |error| port_error("open a channel to RabbitMQ", error);
    let channel = connection.create_channel().await.map_err(failed)?;
    channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(failed)?;
    Ok(channel)
}

fn soft_error(error: &lapin::Error) -> Option<AMQPSoftError> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => match error.kind() {
            AMQPErrorKind::Soft(soft) => Some(soft.clone()),
            AMQPErrorKind::Hard(_) => None,
        },
        _ => None,
    }
}

/// A denied login or virtual host is `Refused`: no second try will help. All else may pass.
fn port_error(context: &str, error: lapin::Error) -> PortError {
    let refused = match error.kind() {
        ErrorKind::ProtocolError(protocol) => matches!(
            protocol.kind(),
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED)
                | AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED)
        ),
        ErrorKind::AuthProviderError(_) => true,
        _ => false,
    };
    let kind = if refused { PortErrorKind::Refused } else { PortErrorKind::Unavailable };
    PortError::new(kind, context).with_source(error)
}
