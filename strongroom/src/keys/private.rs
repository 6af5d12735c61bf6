//! Files that only their owner may read.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use anyhow::{Context as _, Result, bail};

/// Longest file that is read.
const MAX_BYTES: u64 = 64 << 10;

/// The text in a file that nobody but its owner may read or change; `None` when there is none.
///
/// # Errors
/// When others may read it, or it cannot be read.
pub(super) fn read(path: &Path) -> Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("open {}", path.display())),
    };
    let mode = file.metadata()?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!("{} is open to others (mode {mode:o}), give it mode 600", path.display());
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).with_context(|| format!("read {}", path.display()))?;
    Ok(Some(text))
}
