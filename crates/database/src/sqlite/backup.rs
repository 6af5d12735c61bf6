//! A consistent copy of the file while commits go on.

use std::path::Path;

use rusqlite::Connection;
use strongroom_durable as durable;
use strongroom_kernel::ports::{PortError, PortErrorKind};

use super::error::port_error;

/// Writes the copy to `folder`, under the file's own name. Durable when it returns; whole whenever it has that name.
pub(super) fn write(connection: &Connection, path: &Path, folder: &Path) -> Result<(), PortError> {
    let name = path.file_name().ok_or_else(|| PortError::refused("back up a database without a name"))?;
    let target = folder.join(name);
    let at = |what: &str| format!("{what} {}", target.display());
    match target.try_exists() {
        Ok(false) => {}
        Ok(true) => return Err(PortError::new(PortErrorKind::Exists, at("back up to"))),
        Err(error) => return Err(PortError::io(at("back up to"), error)),
    }
    let mut beside = name.to_owned();
    beside.push(".part");
    let beside = folder.join(beside);
    let text = beside.to_str().ok_or_else(|| PortError::refused("back up to a path that is not UTF-8"))?;
    // one read transaction: the copy is of one instant, and without the gaps of removed rows
    if let Err(error) = connection.execute("VACUUM INTO ?1", [text]) {
        // What cannot be removed is only litter.
        let _ = durable::remove(&beside);
        return Err(port_error(at("back up to"), error));
    }
    durable::adopt(&beside, &target).map_err(|error| PortError::io(at("finish"), error))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use strongroom_durable::watch::Watch;

    use super::*;

    #[test]
    fn a_power_loss_leaves_a_whole_copy_or_none_of_that_name() {
        let from = tempfile::tempdir().unwrap();
        let path = from.path().join("a.sqlite");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (randomblob(20000))").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let watch = Watch::begin(folder.path()).unwrap();
        write(&connection, &path, folder.path()).unwrap();
        let written = watch.now();
        let whole = fs::read(folder.path().join("a.sqlite")).unwrap();
        for crash in watch.history().crashes(20) {
            let after = tempfile::tempdir().unwrap();
            crash.leave(after.path()).unwrap();
            match fs::read(after.path().join("a.sqlite")) {
                Ok(found) => assert!(found == whole, "{crash}: torn"),
                Err(_) => assert!(!crash.is_after(written), "{crash}: lost"),
            }
        }
        write(&connection, &path, folder.path()).unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
