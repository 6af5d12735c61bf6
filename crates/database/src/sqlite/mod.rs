//! SQLite: one writer thread, a pool of readers, one file in the data folder.
//!
//! The way of a batch: [`Sqlite::commit`](strongroom_kernel::ports::Database::commit) → `writer` (the thread)
//! → `batch` (one transaction) → `rows`, `content`, `events`. Reading: `reader` (connections and snapshots)
//! → `read` (the port's own tables). `checkpoint` moves the write-ahead log into the file beside the writer.

mod backup;
mod batch;
mod checkpoint;
mod connection;
mod content;
mod database;
mod erase;
mod error;
mod events;
mod migrate;
mod read;
mod reader;
mod rebuild;
mod rows;
mod terms;
mod value;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use strongroom_kernel::{Schema, ports::PortError};

use crate::migrate::AppliedMigration;

use self::{reader::Pool, writer::WriterThread};

/// How SQLite is run; the defaults suit a data folder of any size.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Connections that read at the same time.
    pub readers: usize,
    /// Pages the writer keeps in memory, in bytes.
    pub writer_cache: usize,
    /// Pages each reader keeps in memory, in bytes.
    pub reader_cache: usize,
    /// How long a snapshot may be used.
    pub snapshot_age: Duration,
    /// Size of the write-ahead log, in bytes, from which on it is moved into the file beside the writer.
    pub checkpoint_from: u64,
    /// Size of the write-ahead log, in bytes, from which on the writer stops between two batches to begin it anew.
    pub restart_from: u64,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            readers: 8,
            writer_cache: 24 << 20,
            reader_cache: 2 << 20,
            snapshot_age: Duration::from_secs(1),
            checkpoint_from: 64 << 20,
            restart_from: 256 << 20,
        }
    }
}

/// The database in one SQLite file.
///
/// Closing the last handle waits for the batch being committed; nothing acknowledged depends on it.
#[derive(Debug)]
pub struct Sqlite {
    /// Declared before the writer: only a connection that may write tidies the log away when it is the last.
    pool: Arc<Pool>,
    writer: Option<WriterThread>,
    path: PathBuf,
}

impl Sqlite {
    /// Opens the file at `path`, makes it if absent, and applies what migrations are missing.
    ///
    /// Blocks while it migrates or takes up what a crash left in the write-ahead log.
    ///
    /// # Errors
    /// `Refused` when an applied migration was edited, the file was made by a newer program, or SQLite is
    /// too old; `Corrupt` when the file is not a database or the end of its ledger is not where it should
    /// be; `Full`, `Unavailable`.
    pub fn open(path: &Path, schemas: &[Schema], options: &SqliteOptions) -> Result<Self, PortError> {
        // one connection for both: to close it in between would move the whole log of a crash first
        let mut connection = connection::open_writer(path, options)?;
        migrate::apply(&mut connection, schemas)?;
        let writer = WriterThread::start(connection, path, options)?;
        let pool = Arc::new(Pool::new(path, options));
        Ok(Self { writer: Some(writer), pool, path: path.to_owned() })
    }

    /// Opens the file at `path` for reading, beside a process that writes it or without one.
    ///
    /// Everything that writes is then `Refused`.
    ///
    /// # Errors
    /// `Missing` when there is no file, `Refused` when its migrations are not those of `schemas`;
    /// `Corrupt`, `Unavailable`.
    pub fn open_read_only(
        path: &Path,
        schemas: &[Schema],
        options: &SqliteOptions,
    ) -> Result<Self, PortError> {
        migrate::check(path, schemas)?;
        Ok(Self { writer: None, pool: Arc::new(Pool::new(path, options)), path: path.to_owned() })
    }

    /// Applies the migrations of the kernel and of `schemas` that are missing, each in a transaction of its
    /// own, and returns them.
    ///
    /// # Errors
    /// As [`Sqlite::open`].
    pub fn migrate(path: &Path, schemas: &[Schema]) -> Result<Vec<AppliedMigration>, PortError> {
        migrate::apply(&mut connection::open_writer(path, &SqliteOptions::default())?, schemas)
    }

    fn writer(&self) -> Result<&WriterThread, PortError> {
        self.writer.as_ref().ok_or_else(|| PortError::refused("write to a database opened for reading"))
    }
}
