//! Destroying what was stored, and leaving no trace of it in the file and its log.
//!
//! `secure_delete` overwrites what is deleted, but a page that was balanced may keep a copy of a cell in its free
//! space. So the file is written anew, and the log, which has pages as they were, is moved into it and cut off.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, params};
use strongroom_kernel::ports::{Erasure, PortError};

use crate::number::{position, signed};

use super::{
    connection::{BUSY, open_checkpointer},
    error::failed,
    events,
};

const OPENINGS: &str = "UPDATE ledger_record SET openings = ?2 WHERE sequence = ?1";
const EVENT: &str = "DELETE FROM hub_event WHERE position = ?1";
const REPLIES: &str = "DELETE FROM kernel_reply";
/// How long readers may hold on to old pages: a snapshot lives a second, a backup longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// Replaces openings, removes events and all kept replies.
pub(super) fn erase(connection: &Connection, erasure: &Erasure) -> Result<(), PortError> {
    let failed = failed("erase values");
    let mut replace = connection.prepare_cached(OPENINGS).map_err(&failed)?;
    for (sequence, openings) in &erasure.openings {
        replace.execute(params![signed(*sequence), openings]).map_err(&failed)?;
    }
    let mut remove = connection.prepare_cached(EVENT).map_err(&failed)?;
    for (topic, offset) in &erasure.events {
        let Some((number, _)) = events::find(connection, topic).map_err(&failed)? else { continue };
        remove.execute([position(number, signed(*offset))]).map_err(&failed)?;
    }
    connection.execute(REPLIES, []).map_err(&failed)?;
    Ok(())
}

/// Writes the file anew and cuts the log off. Called on the writer's thread, so that nobody else writes.
pub(super) fn clear_file(path: &Path) -> Result<(), PortError> {
    let failed = failed("write the database anew");
    let connection = open_checkpointer(path)?;
    // what SQLite sorts meanwhile stays on the same disk, in a file without a name
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.to_string_lossy();
    connection.execute_batch("PRAGMA secure_delete = ON; PRAGMA temp_store = FILE;").map_err(&failed)?;
    connection.pragma_update(None, "temp_store_directory", folder.as_ref()).map_err(&failed)?;
    let done = connection.execute_batch("VACUUM");
    connection.pragma_update(None, "temp_store_directory", "").map_err(&failed)?;
    done.map_err(&failed)?;
    let until = Instant::now() + PATIENCE;
    loop {
        let blocked: i64 =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(&failed)?;
        if blocked == 0 {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(PortError::unavailable(
                "cut the write-ahead log off: something has been reading for a minute, perhaps a backup",
            ));
        }
        std::thread::sleep(BUSY / 50);
    }
}
