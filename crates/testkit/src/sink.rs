//! A sink that remembers what it was told, and can be out of reach.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use strongroom_kernel::ports::{PortError, Sink, SinkError, StoredEvent};

/// An event as it reached the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its key.
    pub key: String,
    /// Its body.
    pub payload: String,
}

/// Remembers the events of one topic.
#[derive(Debug)]
pub struct FakeSink {
    topic: &'static str,
    heard: Mutex<Vec<Heard>>,
    away: AtomicBool,
}

impl FakeSink {
    /// A sink of that topic, within reach.
    pub fn new(topic: &'static str) -> Self {
        Self { topic, heard: Mutex::default(), away: AtomicBool::new(false) }
    }

    /// What it was told so far, in order.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().clone()
    }

    /// Takes it out of reach, or brings it back.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }
}

#[async_trait]
impl Sink for FakeSink {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn topic(&self) -> &'static str {
        self.topic
    }

    async fn deliver(&self, events: &[StoredEvent]) -> Result<(), SinkError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(SinkError { delivered: 0, source: PortError::unavailable("reach the fake sink") });
        }
        let heard = events.iter().map(|event| Heard {
            key: event.key.clone(),
            payload: String::from_utf8_lossy(&event.payload).into_owned(),
        });
        self.heard.lock().extend(heard);
        Ok(())
    }
}
