//! A sink, its progress, and who waits for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::sync::{Notify, watch};

use crate::ports::{Sink, UnitOutcome};

/// A sink and how long an answer waits for it.
#[derive(Debug, Clone)]
pub struct SinkPart {
    /// The sink.
    pub sink: Arc<dyn Sink>,
    /// A write that emitted events for it waits at most this long for their confirmation; then it is
    /// answered and the rest is left to the relay.
    pub before_answer: Option<Duration>,
}

/// One sink, its progress and who waits for it.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) part: SinkPart,
    pub(crate) grown: Notify,
    /// Offset behind the last confirmed event.
    pub(crate) confirmed: watch::Sender<u64>,
    /// Offset behind the last event known to be committed.
    pub(crate) committed: AtomicU64,
    /// The last delivery failed: nobody waits for the next.
    pub(crate) failing: AtomicBool,
}

impl Relay {
    pub(crate) fn new(part: SinkPart) -> Self {
        Self {
            part,
            grown: Notify::new(),
            confirmed: watch::Sender::new(0),
            committed: AtomicU64::new(0),
            failing: AtomicBool::new(false),
        }
    }

    /// Hears what a batch committed.
    pub(crate) fn wake(&self, outcomes: &[UnitOutcome]) {
        let topic = self.part.sink.topic();
        let mut committed = outcomes.iter().filter_map(|outcome| match outcome {
            UnitOutcome::Committed(stamp) => stamp.events.iter().rfind(|event| event.topic == topic),
            UnitOutcome::Unmet(_) | UnitOutcome::Repeated => None,
        });
        if let Some(last) = committed.next_back() {
            self.committed.fetch_max(last.offset + 1, Relaxed);
            self.grown.notify_one();
        }
    }

    pub(crate) fn backlog(&self) -> u64 {
        self.committed.load(Relaxed).saturating_sub(*self.confirmed.borrow())
    }

    /// The offset behind the last confirmed event, if this is the sink of `topic`.
    pub(crate) fn confirmed_of(&self, topic: &str) -> Option<u64> {
        (self.part.sink.topic() == topic).then(|| *self.confirmed.borrow())
    }

    /// Name of the note that has how far the sink has come.
    pub(crate) fn cursor(&self) -> String {
        format!("sink/{}", self.part.sink.name())
    }
}
