//! Where events go once they are durable.

use std::fmt::Debug;

use async_trait::async_trait;

use super::{PortError, StoredEvent};

/// A delivery that ended early.
#[derive(Debug, thiserror::Error)]
#[error("deliver events: {delivered} confirmed before the error")]
pub struct SinkError {
    /// How many events from the front of the slice the receiver confirmed.
    pub delivered: usize,
    /// What ended it.
    #[source]
    pub source: PortError,
}

/// Delivers events to a receiver outside.
///
/// At least once: after an error, events may have arrived that `delivered` does not count.
#[async_trait]
pub trait Sink: Debug + Send + Sync {
    /// Name of its cursor; stable over restarts.
    fn name(&self) -> &str;

    /// The topic it delivers.
    fn topic(&self) -> &'static str;

    /// Delivers in order and returns when the receiver confirmed all.
    ///
    /// # Errors
    /// `Unavailable` when the receiver does not confirm in time; the rest is delivered again later.
    async fn deliver(&self, events: &[StoredEvent]) -> Result<(), SinkError>;
}
