//! Where events go besides their place in the database. Section `[announcements]`.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;
use strongroom_bytes::config::Secret;

use super::{ConfigError, secret, units};

/// Where events go. Section `[announcements]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Announcements {
    /// `amqp://user:password@host:5672/vhost`; unset: nobody is told. `QUEUE_URI` is an alias. Since 0.1.
    pub(crate) amqp_url: Option<Secret>,
    /// A file with what would stand in `amqp_url`. Since 0.1.
    pub(crate) amqp_url_file: Option<PathBuf>,
    /// How long an answer waits for the broker's confirmation before the rest is left to the background.
    /// Default `2s`; `0s` does not wait. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) before_answer: Duration,
}

impl Default for Announcements {
    fn default() -> Self {
        Self { amqp_url: None, amqp_url_file: None, before_answer: Duration::from_secs(2) }
    }
}

impl Announcements {
    /// Reads `amqp_url_file`, if that is given.
    pub(super) fn resolve(&mut self) -> Result<(), ConfigError> {
        secret::resolve("announcements.amqp_url", &mut self.amqp_url, self.amqp_url_file.as_deref())
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        match &self.amqp_url {
            Some(url) if !["amqp://", "amqps://"].iter().any(|scheme| url.reveal().starts_with(scheme)) => {
                Err(ConfigError::value("announcements.amqp_url", "must begin with amqp:// or amqps://"))
            }
            _ => Ok(()),
        }
    }
}
