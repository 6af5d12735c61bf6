//! Secrets that stand in files of their own.

use std::{io, path::Path};

pub use strongroom_model::Secret;

/// The text of a file, without the line end at its end.
///
/// # Errors
/// When the file cannot be read.
pub fn secret_from_file(path: &Path) -> io::Result<Secret> {
    let mut text = std::fs::read_to_string(path)?;
    text.truncate(text.trim_end_matches(['\n', '\r']).len());
    Ok(Secret::new(text))
}
