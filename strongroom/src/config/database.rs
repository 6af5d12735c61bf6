//! Where rows, records and events are kept. Section `[database]`.

use std::path::PathBuf;

use serde::Deserialize;

use strongroom_bytes::config::Secret;

use super::{ConfigError, secret};

/// Where rows, records and events are kept. Section `[database]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Database {
    /// `postgres://user:password@host/database`; unset: SQLite in the data folder. Since 0.1.
    pub(crate) url: Option<Secret>,
    /// A file with what would stand in `url`. Since 0.1.
    pub(crate) url_file: Option<PathBuf>,
}

impl Database {
    /// Reads `url_file`, if that is given.
    pub(super) fn resolve(&mut self) -> Result<(), ConfigError> {
        secret::resolve("database.url", &mut self.url, self.url_file.as_deref())
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let Some(url) = &self.url else { return Ok(()) };
        if ["postgres://", "postgresql://"].iter().any(|scheme| url.reveal().starts_with(scheme)) {
            return Ok(());
        }
        Err(ConfigError::value("database.url", "must begin with postgres://; leave it out for SQLite"))
    }
}
