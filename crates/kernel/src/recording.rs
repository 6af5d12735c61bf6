//! What is recorded besides units: logins, denials, reads. Reading handlers come through here too.

use std::{sync::Arc, time::Duration};

use strongroom_model::{Caller, CallerKind, Error};
use tokio::sync::watch;

use crate::{
    kernel::{Inner, Kernel},
    ledger::Receipt,
    ports::UnitOutcome,
    unit::{Action, Unit, UnitResult},
};

/// Denials of strangers of one action within this time are one leaf.
const STRANGERS_WINDOW: Duration = Duration::from_mins(1);

/// Label of a refused credential or missing right.
pub(crate) const DENIED: &str = "denied";

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
            self.inner.recorder.count_strangers(action, 1);
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
    for (action, count) in inner.recorder.take_strangers() {
        let unit =
            Unit { result: UnitResult::Refused(DENIED), count, ..Unit::new(&Caller::stranger(), action) };
        if inner.queue.push_access(inner.prepare(&unit, None)).is_err() {
            inner.recorder.count_strangers(action, count);
        }
    }
}
