//! Connections that read, and snapshots.
//!
//! A snapshot is a read transaction on one of them: it sees the file and the log as they were at its first
//! query, never waits for the writer and never keeps it waiting. It ends when it is dropped, and a query
//! that runs past its time is interrupted, so that the log can begin anew.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::Connection;
use strongroom_kernel::{
    Kind, Value,
    ports::{PortError, Query, Reach, ReadRows},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::dialect::question_marks;

use super::{
    SqliteOptions,
    connection::open_reader,
    error::failed,
    value::{bind, decode_row},
};

/// How long someone waits for a connection that reads.
const PATIENCE: Duration = Duration::from_secs(5);
/// Steps of SQLite's machine between two looks at the clock.
const STEPS: i32 = 4_000;
/// No deadline.
const NEVER: u64 = u64::MAX;

/// Connections that read, opened when first needed.
#[derive(Debug)]
pub(super) struct Pool {
    path: PathBuf,
    options: SqliteOptions,
    idle: Mutex<Vec<Reader>>,
    permits: Arc<Semaphore>,
}

#[derive(Debug)]
struct Reader {
    connection: Connection,
    /// When the running query is interrupted, in microseconds after `opened`.
    deadline: Arc<AtomicU64>,
    opened: Instant,
}

impl Reader {
    fn open(path: &Path, options: &SqliteOptions) -> Result<Self, PortError> {
        let mut connection = open_reader(path, options)?;
        let (opened, deadline) = (Instant::now(), Arc::new(AtomicU64::new(NEVER)));
        let watched = Arc::clone(&deadline);
        let late = move || {
            let deadline = watched.load(Relaxed);
            deadline != NEVER && opened.elapsed() > Duration::from_micros(deadline)
        };
        connection.progress_handler(STEPS, Some(late)).map_err(failed("watch the time of queries"))?;
        Ok(Self { connection, deadline, opened })
    }

    fn set_deadline(&self, deadline: Option<Instant>) {
        let micros = deadline.map_or(NEVER, |deadline| {
            u64::try_from(deadline.saturating_duration_since(self.opened).as_micros()).unwrap_or(NEVER)
        });
        self.deadline.store(micros, Relaxed);
    }
}

impl Pool {
    pub(super) fn new(path: &Path, options: &SqliteOptions) -> Self {
        let permits = Arc::new(Semaphore::new(options.readers.max(1)));
        Self { path: path.to_owned(), options: options.clone(), idle: Mutex::new(Vec::new()), permits }
    }

    /// Takes a connection out of the pool; it comes back when the lease is dropped.
    async fn lease(self: &Arc<Self>) -> Result<Lease, PortError> {
        let permit = tokio::time::timeout(PATIENCE, Arc::clone(&self.permits).acquire_owned());
        let permit = permit
            .await
            .map_err(|_| PortError::unavailable("all connections that read are taken"))?
            .map_err(|error| PortError::unavailable("take a connection that reads").with_source(error))?;
        let idle = self.idle.lock().pop();
        let reader = match idle {
            Some(reader) => reader,
            None => Reader::open(&self.path, &self.options)?,
        };
        Ok(Lease { reader: Some(reader), pool: Arc::clone(self), _permit: permit })
    }

    /// A snapshot of all rows.
    pub(super) async fn snapshot(self: &Arc<Self>) -> Result<Snapshot, PortError> {
        let lease = self.lease().await?;
        let ends = Instant::now() + self.options.snapshot_age;
        lease.reader().set_deadline(Some(ends));
        let begin = || lease.reader().connection.prepare_cached("BEGIN")?.raw_execute();
        begin().map_err(failed("begin a snapshot"))?;
        Ok(Snapshot { lease: Arc::new(Mutex::new(lease)), ends })
    }

    /// Reads a little, where it is asked.
    pub(super) async fn point<T>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> Result<T, PortError>,
    ) -> Result<T, PortError> {
        let lease = self.lease().await?;
        read(&lease.reader().connection)
    }

    /// Reads more, beside the async workers.
    pub(super) async fn scan<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let lease = self.lease().await?;
        beside(move || read(&lease.reader().connection)).await
    }

    /// How many connections are reading.
    pub(super) fn busy(&self) -> usize {
        self.options.readers.max(1) - self.permits.available_permits()
    }
}

/// Runs blocking work beside the async workers.
pub(super) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PortError> + Send + 'static,
) -> Result<T, PortError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| PortError::unavailable("read beside the workers").with_source(error))?
}

/// A connection taken out of the pool.
#[derive(Debug)]
struct Lease {
    reader: Option<Reader>,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    fn reader(&self) -> &Reader {
        self.reader.as_ref().expect("the connection leaves with the lease only")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(reader) = self.reader.take() else { return };
        reader.set_deadline(None);
        let connection = &reader.connection;
        let clean = connection.is_autocommit()
            || connection.prepare_cached("ROLLBACK").and_then(|mut end| end.raw_execute()).is_ok();
        if clean {
            self.pool.idle.lock().push(reader);
        }
    }
}

/// A read transaction.
pub(super) struct Snapshot {
    /// Shared with a scan that runs beside the workers, even after its caller went away.
    lease: Arc<Mutex<Lease>>,
    ends: Instant,
}

#[async_trait]
impl ReadRows for Snapshot {
    async fn query(&self, query: Query<'_>) -> Result<Vec<Vec<Value>>, PortError> {
        if Instant::now() >= self.ends {
            return Err(PortError::unavailable("the snapshot is too old"));
        }
        match query.reach {
            Reach::Point => {
                run(&self.lease.lock().reader().connection, query.sql, query.params, query.columns)
            }
            Reach::Scan => {
                let lease = Arc::clone(&self.lease);
                let (sql, params, columns) =
                    (query.sql.to_owned(), query.params.to_vec(), query.columns.to_vec());
                beside(move || run(&lease.lock().reader().connection, &sql, &params, &columns)).await
            }
        }
    }
}

fn run(
    connection: &Connection,
    sql: &str,
    params: &[Value],
    kinds: &[Kind],
) -> Result<Vec<Vec<Value>>, PortError> {
    let mut statement = connection.prepare_cached(&question_marks(sql)).map_err(failed("prepare a query"))?;
    if statement.parameter_count() != params.len() {
        let (wanted, given) = (statement.parameter_count(), params.len());
        return Err(PortError::refused(format!("a query has {wanted} parameters, {given} were given")));
    }
    if statement.column_count() != kinds.len() {
        let (given, wanted) = (statement.column_count(), kinds.len());
        return Err(PortError::refused(format!("a query gives {given} columns, {wanted} were asked for")));
    }
    bind(&mut statement, 1, params).map_err(failed("bind the parameters of a query"))?;
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed("run a query"))? {
        found.push(decode_row(row, 0, kinds.iter().copied(), "a query")?);
    }
    Ok(found)
}
