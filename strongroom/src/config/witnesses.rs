//! Witnesses: those that cosign this ledger, and what this program does as one. Sections `[ledger.witnesses]`,
//! `[witness]` and `[mirror]`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde::Deserialize;
use strongroom_ledger::{Verifier, note::KeyName};

use super::{ConfigError, units};

/// Who cosigns the checkpoints of this ledger. Section `[ledger.witnesses]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Witnesses {
    /// A policy file (`c2sp.org/tlog-policy`): witnesses with their URLs, and the quorum; unset: nobody is asked.
    /// Since 0.1.
    pub(crate) file: Option<PathBuf>,
    /// Least time between two checkpoints that are sent to the witnesses. Default `1s`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) every: Duration,
}

impl Default for Witnesses {
    fn default() -> Self {
        Self { file: None, every: Duration::from_secs(1) }
    }
}

impl Witnesses {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.every.is_zero() {
            return Err(ConfigError::value("ledger.witnesses.every", "must be longer than zero"));
        }
        Ok(())
    }
}

/// What `strongroom witness` does. Section `[witness]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Witness {
    /// Where it listens; `--listen` wins. Default `127.0.0.1:8610`. Since 0.1.
    pub(crate) listen: SocketAddr,
    /// Name of its key, by custom a URL without scheme. Only looked at when the key is made, at the first start;
    /// unset: host name and a random part. Since 0.1.
    pub(crate) name: Option<String>,
    /// File with its key, of mode 600; unset: made in the data folder at the first start. Since 0.1.
    pub(crate) key_file: Option<PathBuf>,
    /// The logs it knows; the mirror copies the same. Since 0.1.
    pub(crate) log: Vec<Log>,
}

/// A log that is cosigned. Section `[[witness.log]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    /// Name of the log in its checkpoints. Since 0.1.
    pub(crate) origin: String,
    /// Its verifier key; a log with several keys stands here several times. Since 0.1.
    pub(crate) key: String,
    /// Where its checkpoint and tiles are, for the mirror; unset: it asks nobody, and the log's entries are pushed to
    /// it. Since 0.1.
    pub(crate) url: Option<String>,
}

impl Log {
    /// The key as it is used.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn verifier(&self) -> Result<Verifier, ConfigError> {
        self.key
            .trim()
            .parse()
            .map_err(|error| ConfigError::value("witness.log.key", format!("of {}: {error}", self.origin)))
    }
}

impl Default for Witness {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8610)), name: None, key_file: None, log: Vec::new() }
    }
}

impl Witness {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        check_name("witness.name", self.name.as_deref())?;
        for log in &self.log {
            let bad = log.origin.is_empty() || log.origin.chars().any(char::is_control);
            if bad || log.origin.len() > strongroom_ledger::checkpoint::MAX_ORIGIN_BYTES {
                return Err(ConfigError::value("witness.log.origin", "must be one line of 1 to 255 bytes"));
            }
            log.verifier()?;
        }
        Ok(())
    }
}

/// What `strongroom mirror` does. Section `[mirror]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Mirror {
    /// Where it listens; `--listen` wins. Default `127.0.0.1:8611`. Since 0.1.
    pub(crate) listen: SocketAddr,
    /// Name of its key, as of `witness.name`, and another than that. Since 0.1.
    pub(crate) name: Option<String>,
    /// File with its key, of mode 600; unset: made in the data folder at the first start. Since 0.1.
    pub(crate) key_file: Option<PathBuf>,
    /// Between two questions to a log whether there is more. Default `5s`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) poll: Duration,
}

impl Default for Mirror {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8611)),
            name: None,
            key_file: None,
            poll: Duration::from_secs(5),
        }
    }
}

impl Mirror {
    pub(super) fn validate(&self, witness: &Witness) -> Result<(), ConfigError> {
        check_name("mirror.name", self.name.as_deref())?;
        if self.name.is_some() && self.name == witness.name {
            return Err(ConfigError::value(
                "mirror.name",
                "must not be witness.name: they promise different things",
            ));
        }
        if self.poll.is_zero() {
            return Err(ConfigError::value("mirror.poll", "must be longer than zero"));
        }
        Ok(())
    }
}

fn check_name(key: &str, name: Option<&str>) -> Result<(), ConfigError> {
    let Some(name) = name else { return Ok(()) };
    name.parse::<KeyName>().map(drop).map_err(|error| ConfigError::value(key, error.to_string()))
}
