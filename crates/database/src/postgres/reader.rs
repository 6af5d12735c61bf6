//! Connections that read, and snapshots.
//!
//! A snapshot is a read-only transaction of isolation level "repeatable read", begun together with its first
//! query. It ends when it is dropped; a statement that runs past the snapshot's time is cancelled.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use deadpool_postgres::{Object, Pool, Runtime};
use strongroom_kernel::{
    Value,
    ports::{PortError, Query, ReadRows},
};
use tokio_postgres::Statement;

use super::{
    PostgresOptions,
    connection::Target,
    error::{failed, no_connection},
    value::{Arg, decode_row},
};

/// How long someone waits for a connection that reads.
const PATIENCE: Duration = Duration::from_secs(5);
/// Statements that a connection keeps prepared, and the longest text of one. Lists of ids make texts of any number, and
/// the server keeps what is prepared for as long as the connection lives.
const MOST_PREPARED: usize = 256;
const LONGEST_PREPARED: usize = 8 << 10;

/// Connections that read.
#[derive(Debug)]
pub(super) struct Readers {
    pool: Pool,
    age: Duration,
}

impl Readers {
    pub(super) fn new(target: &Target, options: &PostgresOptions) -> Result<Self, PortError> {
        let pool = Pool::builder(target.manager())
            .max_size(options.readers.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .build()
            .map_err(|error| PortError::refused("make a pool of connections").with_source(error))?;
        Ok(Self { pool, age: options.snapshot_age })
    }

    /// A connection to read from, one statement at a time.
    pub(super) async fn get(&self) -> Result<Object, PortError> {
        self.pool.get().await.map_err(no_connection)
    }

    /// A snapshot of all rows.
    pub(super) async fn snapshot(&self) -> Result<Snapshot, PortError> {
        let client = Some(self.get().await?);
        Ok(Snapshot { client, begun: AtomicBool::new(false), ends: Instant::now() + self.age, age: self.age })
    }

    /// The server's version, such as `15.18`.
    pub(super) async fn version(&self) -> Result<String, PortError> {
        let failed = failed("read the server's version");
        let row = self.get().await?.query_one("SHOW server_version", &[]).await.map_err(&failed)?;
        let version: String = row.try_get(0).map_err(&failed)?;
        Ok(version.split(' ').next().unwrap_or_default().to_owned())
    }

    /// How many connections are reading.
    pub(super) fn busy(&self) -> usize {
        let status = self.pool.status();
        status.size.saturating_sub(status.available)
    }
}

/// A read-only transaction.
pub(super) struct Snapshot {
    client: Option<Object>,
    begun: AtomicBool,
    ends: Instant,
    age: Duration,
}

impl Snapshot {
    /// Begins the transaction unless it was begun; sent in front of the first query, without waiting.
    async fn begin(&self, client: &Object) -> Result<(), PortError> {
        if self.begun.swap(true, Relaxed) {
            return Ok(());
        }
        // the time is the server's to keep: nothing else ends a statement whose caller went away
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {}",
            self.age.as_millis().max(1)
        );
        client.batch_execute(&begin).await.map_err(failed("begin a snapshot"))
    }
}

#[async_trait]
impl ReadRows for Snapshot {
    async fn query(&self, query: Query<'_>) -> Result<Vec<Vec<Value>>, PortError> {
        if Instant::now() >= self.ends {
            return Err(PortError::unavailable("the snapshot is too old"));
        }
        let client = self.client.as_ref().ok_or_else(|| PortError::unavailable("the snapshot has ended"))?;
        let statement = prepared(client, query.sql).await.map_err(failed("prepare a query"))?;
        if statement.params().len() != query.params.len() {
            let (wanted, given) = (statement.params().len(), query.params.len());
            return Err(PortError::refused(format!("a query has {wanted} parameters, {given} were given")));
        }
        if statement.columns().len() != query.columns.len() {
            let (given, wanted) = (statement.columns().len(), query.columns.len());
            return Err(PortError::refused(format!(
                "a query gives {given} columns, {wanted} were asked for"
            )));
        }
        let args: Vec<_> = query.params.iter().map(Arg::Value).collect();
        let args: Vec<_> = args.iter().map(|arg| arg as &(dyn tokio_postgres::types::ToSql + Sync)).collect();
        let (begun, rows) = tokio::join!(biased; self.begin(client), client.query(&statement, &args));
        begun?;
        let rows = rows.map_err(failed("run a query"))?;
        rows.iter().map(|row| decode_row(row, 0, query.columns.iter().copied(), "a query")).collect()
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        if !self.begun.load(Relaxed) {
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(end(client));
            }
            // without a runtime the connection cannot be tidied up: it does not go back
            Err(_) => drop(Object::take(client)),
        }
    }
}

/// The statement of a query, prepared once if it may come again; what is dropped the server forgets.
async fn prepared(client: &Object, sql: &str) -> Result<Statement, tokio_postgres::Error> {
    if sql.len() > LONGEST_PREPARED {
        return client.prepare(sql).await;
    }
    if client.statement_cache.size() >= MOST_PREPARED {
        client.statement_cache.clear();
    }
    client.prepare_cached(sql).await
}

async fn end(client: Object) {
    if client.batch_execute("ROLLBACK").await.is_err() {
        drop(Object::take(client));
    }
}
