//! Moving the write-ahead log into the file.
//!
//! Beside the writer as a rule, on a thread and connection of its own; that alone never lets the log begin
//! anew while commits go on. So when it has grown too long, the writer itself stops between two batches to
//! finish what little remains and to begin it anew. The log keeps its length on disk and is written over.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread::JoinHandle,
};

use parking_lot::Mutex;
use rusqlite::Connection;
use strongroom_kernel::ports::PortError;

use super::{
    SqliteOptions,
    connection::{BUSY, open_checkpointer},
    error::failed,
};

/// Bytes of a page.
const PAGE: u64 = 4096;
/// What may remain for the writer to move while everyone waits.
const REMAINDER: u64 = (8 << 20) / PAGE;

/// How long everyone waits for a reader to let go of an old page.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(20);

/// What is known of the write-ahead log, in pages.
#[derive(Debug, Clone, Default)]
pub(super) struct Log(Arc<Pages>);

#[derive(Debug, Default)]
struct Pages {
    written: AtomicU64,
    moved: AtomicU64,
    restarts: AtomicU64,
    /// One checkpoint at a time.
    turn: Mutex<()>,
    /// The checkpointer's thread has something to do.
    asked: AtomicBool,
}

impl Log {
    /// Has every commit of `connection` tell the length of the log; ends SQLite's own checkpoints.
    pub(super) fn watch(&self, connection: &mut Connection) -> Result<(), PortError> {
        let pages = Arc::clone(&self.0);
        let hook = move |_: &mut rusqlite::hooks::Wal, length: std::ffi::c_int| {
            pages.written.store(u64::try_from(length).unwrap_or(0), Relaxed);
            Ok(())
        };
        connection.wal_hook(Some(hook)).map_err(failed("watch the write-ahead log"))
    }

    /// Its length in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.0.written.load(Relaxed) * PAGE
    }

    /// How often it began anew at the writer's cost.
    pub(super) fn restarts(&self) -> u64 {
        self.0.restarts.load(Relaxed)
    }

    /// Does `job` while nobody moves the log; afterwards it is taken to be empty.
    pub(super) fn alone<T>(&self, job: impl FnOnce() -> Result<T, PortError>) -> Result<T, PortError> {
        let _turn = self.0.turn.lock();
        let done = job()?;
        self.0.written.store(0, Relaxed);
        self.0.moved.store(0, Relaxed);
        Ok(done)
    }

    fn remaining(&self) -> u64 {
        self.0.written.load(Relaxed).saturating_sub(self.0.moved.load(Relaxed))
    }

    fn moved(&self, (_busy, _length, moved): (i64, i64, i64)) {
        self.0.moved.store(u64::try_from(moved).unwrap_or(0), Relaxed);
    }
}

/// Decides after each commit what is to be moved, and by whom.
#[derive(Debug)]
pub(super) struct Checkpointer {
    log: Log,
    /// In pages.
    from: u64,
    /// In pages.
    restart_from: u64,
    /// Where the next try begins, in pages, after readers kept the last from ending.
    retry_from: u64,
    wake: Option<mpsc::SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Opens its connection and starts its thread.
    pub(super) fn start(path: &Path, options: &SqliteOptions, log: Log) -> Result<Self, PortError> {
        let connection = open_checkpointer(path)?;
        let (wake, woken) = mpsc::sync_channel(1);
        let worker_log = log.clone();
        let thread = std::thread::Builder::new()
            .name("sqlite-log".to_owned())
            .spawn(move || work(&connection, &worker_log, &woken))
            .map_err(|error| PortError::io("start the checkpointer's thread", error))?;
        Ok(Self {
            log,
            from: options.checkpoint_from / PAGE,
            restart_from: options.restart_from / PAGE,
            retry_from: 0,
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    /// Called by the writer between two batches, with its connection.
    pub(super) fn after_commit(&mut self, connection: &Connection) {
        let length = self.log.0.written.load(Relaxed);
        if length < self.log.0.moved.load(Relaxed) {
            // the log began anew by itself, after a pause without readers
            self.log.0.moved.store(0, Relaxed);
        }
        if length < self.restart_from {
            self.retry_from = 0;
        }
        let remaining = self.log.remaining();
        let due = length >= self.restart_from.max(self.retry_from);
        if due && (remaining <= REMAINDER || length >= 2 * self.restart_from) {
            self.restart(connection, length);
        } else if remaining >= self.from || (due && remaining > 0) {
            self.ask();
        }
    }

    fn ask(&self) {
        if let Some(wake) = &self.wake
            && !self.log.0.asked.swap(true, Relaxed)
        {
            let _ = wake.try_send(());
        }
    }

    fn restart(&mut self, connection: &Connection, length: u64) {
        let Some(_turn) = self.log.0.turn.try_lock() else { return };
        let _ = connection.busy_timeout(PATIENCE);
        let done = checkpoint(connection, "PRAGMA wal_checkpoint(RESTART)");
        let _ = connection.busy_timeout(BUSY);
        match done {
            Ok((0, ..)) => {
                self.log.0.written.store(0, Relaxed);
                self.log.0.moved.store(0, Relaxed);
                self.log.0.restarts.fetch_add(1, Relaxed);
            }
            Ok(figures) => {
                // a reader holds on to an old page: not before a sixteenth more was written
                self.log.moved(figures);
                self.retry_from = length + self.restart_from / 16;
            }
            Err(error) => tracing::warn!(error = %error, "write-ahead log not begun anew"),
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(connection: &Connection, log: &Log, woken: &mpsc::Receiver<()>) {
    while woken.recv().is_ok() {
        log.0.asked.store(false, Relaxed);
        let _turn = log.0.turn.lock();
        match checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)") {
            Ok(figures) => log.moved(figures),
            Err(error) => tracing::warn!(error = %error, "write-ahead log not moved into the file"),
        }
    }
}

/// Moves pages; gives whether something was in the way, the length of the log and what of it is moved.
fn checkpoint(connection: &Connection, pragma: &str) -> rusqlite::Result<(i64, i64, i64)> {
    connection.query_row(pragma, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}
