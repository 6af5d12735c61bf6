//! Diagnostics on standard error. Section `[diagnostics]`.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use super::ConfigError;

/// Diagnostics on standard error. Section `[diagnostics]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Diagnostics {
    /// `text` or `json`. Default `text`. Since 0.1.
    pub(crate) format: Format,
    /// What is shown: a level, or levels by target such as `info,access=off`. Default `info`. Since 0.1.
    pub(crate) filter: String,
}

/// How a line of diagnostics looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

impl Default for Diagnostics {
    fn default() -> Self {
        Self { format: Format::Text, filter: "info".to_owned() }
    }
}

impl Diagnostics {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        match EnvFilter::try_new(&self.filter) {
            Ok(_) => Ok(()),
            Err(error) => Err(ConfigError::value("diagnostics.filter", error.to_string())),
        }
    }
}
