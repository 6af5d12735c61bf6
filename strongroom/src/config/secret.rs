//! Secrets that may stand in files of their own.

use std::path::Path;

use strongroom_bytes::config::{Secret, secret_from_file};

use super::ConfigError;

/// Takes the value of `key` from a file, if one is named; without the line end at its end.
pub(super) fn resolve(key: &str, value: &mut Option<Secret>, file: Option<&Path>) -> Result<(), ConfigError> {
    let Some(path) = file else { return Ok(()) };
    if value.is_some() {
        return Err(ConfigError::value(key, "is given here and in a file"));
    }
    let read = secret_from_file(path);
    *value = Some(read.map_err(|error| {
        ConfigError::value(&format!("{key}_file"), format!("read {}: {error}", path.display()))
    })?);
    Ok(())
}
