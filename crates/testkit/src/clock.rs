//! A clock that moves only when told.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use strongroom_kernel::ports::Clock;
use strongroom_model::Timestamp;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.micros()))
    }

    /// Moves it on.
    ///
    /// # Panics
    /// When that is more than ages.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).expect("tests move clocks by less than ages");
        self.0.fetch_add(by, Ordering::SeqCst);
    }

    /// Sets it, back too, as an operator may set a machine's.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst)).expect("tests stay within the years 1 to 9999")
    }
}
