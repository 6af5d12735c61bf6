//! Opening connections, each with the settings of its role.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use strongroom_kernel::ports::PortError;

use super::{
    SqliteOptions,
    error::{failed, port_error},
};

/// First version whose write-ahead log cannot lose a commit to a racing checkpoint.
const OLDEST: i32 = 3_051_003;
/// How long a connection waits for another process that holds the file.
pub(super) const BUSY: std::time::Duration = std::time::Duration::from_secs(5);
/// Statements a connection keeps prepared.
const PREPARED: usize = 256;

/// Opens the one connection that writes; makes the file if absent.
pub(super) fn open_writer(path: &Path, options: &SqliteOptions) -> Result<Connection, PortError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    // the log outlives a crash of the program and, synced at every commit, one of the machine
    let settings = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; \
         PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{};",
        options.writer_cache >> 10
    );
    connection.execute_batch(&settings).map_err(failed("set up the writing connection"))?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .map_err(failed("read the journal mode"))?;
    if mode != "wal" {
        return Err(PortError::refused(format!(
            "the file system does not allow a write-ahead log: journal mode {mode}"
        )));
    }
    Ok(connection)
}

/// Opens a connection that reads.
pub(super) fn open_reader(path: &Path, options: &SqliteOptions) -> Result<Connection, PortError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let settings = format!(
        "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{};",
        options.reader_cache >> 10
    );
    connection.execute_batch(&settings).map_err(failed("set up a reading connection"))?;
    Ok(connection)
}

/// Opens a connection for one backup: it reads, but SQLite must be allowed to write the copy.
pub(super) fn open_copier(path: &Path) -> Result<Connection, PortError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// Opens the connection that moves the write-ahead log into the file.
pub(super) fn open_checkpointer(path: &Path) -> Result<Connection, PortError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -256;")
        .map_err(failed("set up the checkpointing connection"))?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, PortError> {
    if rusqlite::version_number() < OLDEST {
        return Err(PortError::refused(format!(
            "SQLite {} is too old, 3.51.3 is needed",
            rusqlite::version()
        )));
    }
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| port_error(format!("open {}", path.display()), error))?;
    connection.busy_timeout(BUSY).map_err(failed("set the time to wait for locks"))?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    Ok(connection)
}
