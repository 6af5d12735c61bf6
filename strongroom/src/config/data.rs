//! The data folder. Section `[data]`.

use std::path::PathBuf;

use serde::Deserialize;

use super::{ConfigError, units};

/// The data folder. Section `[data]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Data {
    /// Where everything is kept that is not kept elsewhere; made with mode 700 at the first start.
    /// Default `strongroom-data`; `--data` wins. Since 0.1.
    pub(crate) dir: PathBuf,
    /// Space that stays free on its disk: below it, uploads are answered with 507. Default `256MiB`. Since 0.1.
    #[serde(with = "units::size")]
    pub(crate) reserve: u64,
}

impl Default for Data {
    fn default() -> Self {
        Self { dir: PathBuf::from("strongroom-data"), reserve: 256 << 20 }
    }
}

impl Data {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.dir.as_os_str().is_empty() {
            return Err(ConfigError::value("data.dir", "must name a folder"));
        }
        Ok(())
    }
}
