//! A consistent copy of the file while commits go on.

use std::{fs::File, path::Path};

use rusqlite::Connection;
use strongroom_kernel::ports::{PortError, PortErrorKind};

use super::error::port_error;

/// Writes the copy to `folder`, under the file's own name. Durable when it returns.
pub(super) fn write(connection: &Connection, path: &Path, folder: &Path) -> Result<(), PortError> {
    let name = path.file_name().ok_or_else(|| PortError::refused("back up a database without a name"))?;
    let target = folder.join(name);
    let at = |what: &str| format!("{what} {}", target.display());
    match target.try_exists() {
        Ok(false) => {}
        Ok(true) => return Err(PortError::new(PortErrorKind::Exists, at("back up to"))),
        Err(error) => return Err(PortError::io(at("back up to"), error)),
    }
    let text = target.to_str().ok_or_else(|| PortError::refused("back up to a path that is not UTF-8"))?;
    // one read transaction: the copy is of one instant, and without the gaps of removed rows
    connection.execute("VACUUM INTO ?1", [text]).map_err(|error| port_error(at("back up to"), error))?;
    for path in [target.as_path(), folder] {
        File::open(path)
            .and_then(|file| file.sync_all())
            .map_err(|error| PortError::io(at("sync"), error))?;
    }
    Ok(())
}
