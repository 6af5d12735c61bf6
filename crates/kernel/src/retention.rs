//! Events are forgotten once every sink has confirmed them and their time is over: they hold what they announced,
//! secrets included. Which were forgotten is itself a unit, so that verification can tell it from tampering.

use std::time::Duration;

use strongroom_model::{Caller, Error, Timestamp};

use crate::{
    error::from_port,
    kernel::Kernel,
    unit::{Action, Unit},
};

/// The action of the units that say so; their subject is the first event that was kept.
pub(crate) const FORGET_EVENTS: &str = "forget_events";
pub(crate) const FIRST_KEPT: &str = "first_kept_event";

/// Events looked at in one step.
const PAGE: usize = 1_000;
/// Steps of one call, so that a first run after a long time does not hold anything up.
const STEPS: usize = 50;

impl Kernel {
    /// Forgets events of `topic` that every sink of it has confirmed and that are older than `keep`; returns
    /// how many.
    ///
    /// # Errors
    /// `Unavailable`; a next call goes on where this one ended.
    pub async fn forget_events(&self, topic: &str, keep: Duration) -> Result<u64, Error> {
        let keep = i64::try_from(keep.as_micros()).unwrap_or(i64::MAX);
        let Some(before) = Timestamp::from_micros(self.clock().now().micros().saturating_sub(keep)) else {
            return Ok(0);
        };
        let confirmed = self.confirmed_by_all(topic);
        let mut below = 0;
        for _ in 0..STEPS {
            let page = self.inner.database.events(topic, below, PAGE).await.map_err(from_port)?;
            let old = page.iter().take_while(|event| event.time < before && event.offset < confirmed);
            let Some(last) = old.last() else { break };
            below = last.offset + 1;
        }
        if below == 0 {
            return Ok(0);
        }
        // first the word, then the deed: a crash between the two leaves events that may be missing, no more
        let mut unit = Unit::new(
            &Caller::system("retention"),
            Action { service: crate::anchoring::SCHEMA.service, name: FORGET_EVENTS },
        );
        unit.about(FIRST_KEPT, format!("{below} {topic}"));
        self.record(unit).await?;
        self.inner.database.forget_events(topic, below).await.map_err(from_port)
    }

    /// The offset behind the last event that no sink of the topic still needs.
    fn confirmed_by_all(&self, topic: &str) -> u64 {
        self.inner.relays.iter().filter_map(|relay| relay.confirmed_of(topic)).min().unwrap_or(u64::MAX)
    }
}
