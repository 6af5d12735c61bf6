//! Carries committed events to the sinks: a cursor over the events, no outbox.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::sync::watch;

use crate::{
    kernel::{Inner, Kernel, Relay},
    ports::{Note, PAGE_BYTES, PortError, PortErrorKind, Stamp, StoredEvent},
};

/// Events of one delivery.
const BATCH: usize = 500;
/// Pauses after a failed delivery, from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Kernel {
    /// Waits until the sinks that want it have confirmed the events of a unit, or their time is up; not at all for
    /// a sink whose last delivery failed.
    pub(crate) async fn wait_for_sinks(&self, stamp: &Stamp) {
        for relay in &self.inner.relays {
            let topic = relay.part.sink.topic();
            let last =
                stamp.events.iter().filter(|event| event.topic == topic).map(|event| event.offset).max();
            if let (Some(last), Some(budget)) = (last, relay.part.before_answer)
                && !relay.failing.load(Relaxed)
            {
                let mut confirmed = relay.confirmed.subscribe();
                let _ = tokio::time::timeout(budget, confirmed.wait_for(|behind| *behind > last)).await;
            }
        }
    }

    /// How many committed events the sinks have not confirmed yet, all sinks together.
    pub fn unconfirmed_events(&self) -> u64 {
        self.inner.relays.iter().map(Relay::backlog).sum()
    }
}

/// Delivers until `stop` says so.
pub(crate) async fn run(inner: Arc<Inner>, place: usize, mut stop: watch::Receiver<bool>) {
    let relay = &inner.relays[place];
    let mut pause = FIRST_PAUSE;
    loop {
        match start(&inner, relay).await {
            Ok(()) => break,
            Err(error) => tracing::error!(error = %error, sink = relay.part.sink.name(), "cursor not read"),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
    loop {
        let wait = match deliver(&inner, relay).await {
            Ok(true) => None,
            Ok(false) => {
                pause = FIRST_PAUSE;
                Some(Duration::MAX)
            }
            Err(error) => {
                tracing::warn!(error = %error, source = ?error.source, sink = relay.part.sink.name(), "events not delivered");
                let wait = pause;
                pause = (pause * 2).min(LONGEST_PAUSE);
                Some(wait)
            }
        };
        let Some(wait) = wait else { continue };
        tokio::select! {
            () = relay.grown.notified(), if wait == Duration::MAX => {}
            () = tokio::time::sleep(wait.min(LONGEST_PAUSE)) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

async fn start(inner: &Inner, relay: &Relay) -> Result<(), PortError> {
    let stored = match inner.recall(&relay.cursor()).await {
        Ok(stored) => stored,
        // a cursor that is not ours might hold announcements back: all there is goes out again
        Err(error) if error.kind == PortErrorKind::Corrupt => {
            tracing::error!(error = %error, sink = relay.part.sink.name(), "cursor not believed, all kept events are delivered again");
            None
        }
        Err(error) => return Err(error),
    };
    let behind =
        stored.and_then(|text| String::from_utf8(text).ok()).and_then(|text| text.parse().ok()).unwrap_or(0);
    relay.confirmed.send_replace(behind);
    Ok(())
}

/// Whether a page ended before the events did.
fn is_full(events: &[StoredEvent]) -> bool {
    events.len() == BATCH || events.iter().map(|event| event.payload.len()).sum::<usize>() >= PAGE_BYTES
}

/// Delivers one page; true when there may be more.
async fn deliver(inner: &Inner, relay: &Relay) -> Result<bool, PortError> {
    let from = *relay.confirmed.borrow();
    let events = inner.database.events(relay.part.sink.topic(), from, BATCH).await?;
    let Some(last) = events.last() else { return Ok(false) };
    let end = last.offset + 1;
    relay.committed.fetch_max(end, Relaxed);
    let delivered = relay.part.sink.deliver(&events).await;
    relay.failing.store(delivered.is_err(), Relaxed);
    let (behind, outcome) = match delivered {
        Ok(()) => (end, Ok(is_full(&events))),
        Err(error) => {
            let behind = error
                .delivered
                .checked_sub(1)
                .and_then(|last| events.get(last))
                .map(|event| event.offset + 1);
            (behind.unwrap_or(from), Err(error.source))
        }
    };
    if behind > from {
        // a crash before the cursor is written delivers again: at least once
        relay.confirmed.send_replace(behind);
        inner.queue.push_note(Note { key: relay.cursor(), value: Some(behind.to_string().into_bytes()) });
    }
    outcome
}
