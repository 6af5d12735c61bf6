//! What is recorded besides units: logins, denials, reads. Reading handlers come through here too.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use strongroom_model::{Caller, CallerKind, Error};
use tokio::sync::watch;

use crate::{
    kernel::{Inner, Kernel},
    ledger::Receipt,
    ports::{ContentKey, UnitOutcome},
    unit::{Action, Unit, UnitResult},
};

/// Denials of strangers of one action within this time are one leaf.
const STRANGERS_WINDOW: Duration = Duration::from_mins(1);
/// Reads that are remembered for coalescing; beyond it the oldest is forgotten, and read again is recorded again.
const MAX_REMEMBERED: usize = 100_000;

/// Label of a refused credential or missing right.
pub(crate) const DENIED: &str = "denied";

/// Which reads were recorded a moment ago, and how many strangers were turned away.
#[derive(Debug)]
pub(crate) struct Recorder {
    window: Duration,
    reads: Mutex<Reads>,
    strangers: Mutex<HashMap<Action, u64>>,
}

#[derive(Debug, Default)]
struct Reads {
    known: HashMap<(Caller, Action, String, ContentKey), Instant>,
    order: VecDeque<(Instant, (Caller, Action, String, ContentKey))>,
}

impl Recorder {
    pub(crate) fn new(window: Duration) -> Self {
        Self { window, reads: Mutex::default(), strangers: Mutex::default() }
    }

    /// True when this read is not yet covered by a recent leaf; it is then taken as recorded.
    pub(crate) fn is_new_read(
        &self,
        caller: &Caller,
        action: Action,
        subject: &str,
        key: &ContentKey,
    ) -> bool {
        let now = Instant::now();
        let mut reads = self.reads.lock();
        let Reads { known, order } = &mut *reads;
        while let Some((since, _)) = order.front() {
            if now.duration_since(*since) < self.window && order.len() < MAX_REMEMBERED {
                break;
            }
            if let Some((_, oldest)) = order.pop_front() {
                known.remove(&oldest);
            }
        }
        let read = (caller.clone(), action, subject.to_owned(), key.clone());
        match known.entry(read) {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                order.push_back((now, vacant.key().clone()));
                vacant.insert(now);
                true
            }
        }
    }

    /// Forgets a read whose leaf could not be queued.
    pub(crate) fn forget_read(&self, caller: &Caller, action: Action, subject: &str, key: &ContentKey) {
        let read = (caller.clone(), action, subject.to_owned(), key.clone());
        let mut reads = self.reads.lock();
        reads.known.remove(&read);
        reads.order.retain(|(_, known)| *known != read);
    }
}

impl Kernel {
    /// Records something that happened; durable when it returns.
    ///
    /// # Errors
    /// `Unavailable`, `StorageFull`: it was not recorded, and must not take effect.
    pub async fn record(&self, unit: Unit) -> Result<Receipt, Error> {
        match self.submit(&unit, None).await? {
            UnitOutcome::Committed(stamp) => Ok(self.receipt(&stamp)),
            UnitOutcome::Unmet(_) | UnitOutcome::Repeated => {
                Err(crate::error::unavailable("it could not be recorded"))
            }
        }
    }

    /// Records that a caller was refused: one leaf for a known one; strangers are counted, one leaf per
    /// action and minute, so that they cannot fill the ledger.
    pub fn record_denial(&self, caller: &Caller, action: Action) {
        if caller.kind == CallerKind::Stranger {
            *self.inner.recorder.strangers.lock().entry(action).or_insert(0) += 1;
            return;
        }
        let unit = Unit { result: UnitResult::Refused(DENIED), ..Unit::new(caller, action) };
        if let Err(error) = self.inner.queue.push_access(self.inner.prepare(&unit, None)) {
            tracing::error!(error = %error, "denial not recorded");
        }
    }
}

/// Records the counted strangers once a minute.
pub(crate) async fn flush_strangers(inner: Arc<Inner>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(STRANGERS_WINDOW) => flush_now(&inner),
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Records the strangers counted so far.
pub(crate) fn flush_now(inner: &Inner) {
    let counted: Vec<(Action, u64)> = inner.recorder.strangers.lock().drain().collect();
    for (action, count) in counted {
        let unit =
            Unit { result: UnitResult::Refused(DENIED), count, ..Unit::new(&Caller::stranger(), action) };
        if inner.queue.push_access(inner.prepare(&unit, None)).is_err() {
            *inner.recorder.strangers.lock().entry(action).or_insert(0) += count;
        }
    }
}
