//! Has the files of a trace that were given up tried again.

use async_trait::async_trait;
use strongroom_kernel::{Command, Snapshot, State, Unit, Uuid, Value, ports::Reach};
use strongroom_model::{Caller, Error, Timestamp};

use crate::{
    commands::RETRY_FETCHES,
    tables::{FAILED, FETCHING, ResourceFetch},
};

/// Has all files of `trace` that were given up tried again.
#[derive(Debug)]
pub struct RetryFetches {
    /// Who asks.
    pub caller: Caller,
    /// The trace.
    pub trace: Uuid,
    /// Now, when they are due.
    pub now: Timestamp,
}

#[async_trait]
impl Command for RetryFetches {
    type Reply = ();

    async fn decide(&self, snapshot: &Snapshot) -> Result<(Unit, ()), Error> {
        let mut unit = Unit::new(&self.caller, RETRY_FETCHES);
        unit.about("trace", self.trace);
        let params = [Value::Id(self.trace), Value::Text(FAILED.to_owned())];
        let rest = "WHERE trace = $1 AND state = $2 ORDER BY place";
        for row in snapshot.select::<ResourceFetch>(rest, &params, Reach::Point).await? {
            let (state, due, changed) = (FETCHING.to_owned(), self.now, self.now);
            unit.put(&ResourceFetch { state, tries: 0, due, changed, ..row }, State::Present);
        }
        Ok((unit, ()))
    }
}
