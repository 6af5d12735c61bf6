//! What runs in the background: sweeping and scrubbing. Section `[upkeep]`.

use std::time::Duration;

use serde::Deserialize;

use super::{ConfigError, units};

/// What runs in the background. Section `[upkeep]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Upkeep {
    /// How often content that nobody refers to any more is deleted. Default `10m`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) sweep_every: Duration,
    /// How long announced events are kept once every sink has confirmed them; they hold what they announced.
    /// Default `7d`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) keep_events: Duration,
    /// Stored contents that are read again and verified per minute, round and round; 0 turns it off.
    /// Default 600. Since 0.1.
    pub(crate) scrub_per_minute: u32,
}

impl Default for Upkeep {
    fn default() -> Self {
        Self {
            sweep_every: Duration::from_mins(10),
            keep_events: Duration::from_hours(7 * 24),
            scrub_per_minute: 600,
        }
    }
}

impl Upkeep {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.sweep_every < Duration::from_secs(1) {
            return Err(ConfigError::value("upkeep.sweep_every", "must be at least 1s"));
        }
        if self.scrub_per_minute > 1_000_000 {
            return Err(ConfigError::value("upkeep.scrub_per_minute", "must be at most 1000000"));
        }
        Ok(())
    }
}
