//! The one connection that writes, and what is known on it.
//!
//! A session holds a lock on the database for as long as its server process lives. So a new session waits
//! until the server has finished, one way or the other, what an earlier one had asked for when it was lost,
//! and a second process that writes is turned away. What a session knows is then true until it ends.

use std::{collections::HashMap, sync::Arc, time::Duration};

use strongroom_kernel::{Table, ports::PortError};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_postgres::{Client, Statement, error::SqlState};

use crate::{number::unsigned, statements::Statements};

use super::{
    connection::Target,
    error::{failed, port_error},
    tables::PostgresTable,
};

/// The number of the lock that the writer holds: "strongrm" in ASCII.
const LOCK: i64 = i64::from_be_bytes(*b"strongrm");
const TAKE_LOCK: &str = "SELECT pg_advisory_lock($1)";
/// Makes commits durable even where the server's default is otherwise.
const SETTINGS: &str = "SET lock_timeout = 0; \
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";
const NEXT: &str = "SELECT COALESCE(MAX(sequence) + 1, 0) FROM ledger_record";
const TOPIC: &str = "INSERT INTO hub_topic (topic, partition, next_offset) VALUES ($1, 0, 0) \
    ON CONFLICT (topic, partition) DO UPDATE SET next_offset = hub_topic.next_offset RETURNING number, next_offset";
const COLUMNS: &str = "SELECT ARRAY(SELECT COALESCE(a.attname::text, '') \
    FROM unnest(i.indkey::int2[]) AS k (attnum) \
    LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) \
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid \
    WHERE c.relname = $1 AND pg_table_is_visible(i.indrelid)";

/// Number and next offset of a topic.
#[derive(Debug, Clone, Copy)]
pub(super) struct Topic {
    pub(super) number: i64,
    pub(super) next: i64,
}

/// A connection that writes.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Client,
    /// Sequence of the next unit.
    pub(super) next: u64,
    /// Sequence of the last record known to have an index; -1 when none has, `None` before it was read.
    pub(super) indexed: Option<i64>,
    pub(super) topics: HashMap<&'static str, Topic>,
    tables: Statements<PostgresTable>,
    prepared: HashMap<String, Statement>,
    constraints: HashMap<String, Vec<String>>,
}

impl Session {
    async fn open(target: &Target, wait: Duration) -> Result<Self, PortError> {
        let client = target.connect().await?;
        let failed = failed("open the writing session");
        let wait = format!("SET lock_timeout = {}", wait.as_millis().max(1));
        client.batch_execute(&wait).await.map_err(&failed)?;
        client.execute(TAKE_LOCK, &[&LOCK]).await.map_err(|error| {
            if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
                PortError::unavailable("another process writes to this database").with_source(error)
            } else {
                port_error("take the writer's lock", error)
            }
        })?;
        client.batch_execute(SETTINGS).await.map_err(&failed)?;
        let next = client.query_one(NEXT, &[]).await.and_then(|row| row.try_get(0));
        let next = unsigned(next.map_err(&failed)?, "the last sequence")?;
        Ok(Self {
            client,
            next,
            indexed: None,
            topics: HashMap::new(),
            tables: Statements::default(),
            prepared: HashMap::new(),
            constraints: HashMap::new(),
        })
    }

    /// The statement `sql`, prepared once.
    pub(super) async fn statement(&mut self, sql: &str) -> Result<Statement, PortError> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await.map_err(failed("prepare a statement"))?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// The statements of `table`.
    pub(super) fn table(&mut self, table: &'static Table) -> Arc<PostgresTable> {
        self.tables.of(table, || PostgresTable::of(table))
    }

    /// Makes `topic` known; outside of a transaction.
    pub(super) async fn meet_topic(&mut self, topic: &'static str) -> Result<(), PortError> {
        if self.topics.contains_key(topic) {
            return Ok(());
        }
        let failed = failed("read a topic");
        let row = self.client.query_one(TOPIC, &[&topic]).await.map_err(&failed)?;
        let found =
            Topic { number: row.try_get(0).map_err(&failed)?, next: row.try_get(1).map_err(&failed)? };
        self.topics.insert(topic, found);
        Ok(())
    }

    /// The columns of the unique constraint or index `name`; an expression stands as an empty name.
    pub(super) async fn columns_of(&mut self, name: &str) -> Result<&[String], PortError> {
        if !self.constraints.contains_key(name) {
            let failed = failed("read the columns of a constraint");
            let row = self.client.query_opt(COLUMNS, &[&name]).await.map_err(&failed)?;
            let columns = row.map_or(Ok(Vec::new()), |row| row.try_get(0)).map_err(&failed)?;
            self.constraints.insert(name.to_owned(), columns);
        }
        Ok(self.constraints.get(name).map_or(&[], Vec::as_slice))
    }
}

/// Lends the session to one at a time.
#[derive(Debug)]
pub(super) struct Writer {
    target: Target,
    wait: Duration,
    session: Arc<Mutex<Option<Session>>>,
}

impl Writer {
    pub(super) fn new(target: Target, wait: Duration) -> Self {
        Self { target, wait, session: Arc::default() }
    }

    /// Lends the session, a new one if the last was lost.
    pub(super) async fn lend(&self) -> Result<Lent, PortError> {
        let mut place = Arc::clone(&self.session).lock_owned().await;
        let session = match place.take() {
            Some(session) if !session.client.is_closed() => session,
            _ => Session::open(&self.target, self.wait).await?,
        };
        Ok(Lent { place, session })
    }
}

/// A session on loan. Unless it is given back it ends, and with it whatever was half done on it.
#[derive(Debug)]
pub(super) struct Lent {
    place: OwnedMutexGuard<Option<Session>>,
    pub(super) session: Session,
}

impl Lent {
    /// Gives the session back: nothing is half done on it.
    pub(super) fn give_back(mut self) {
        *self.place = Some(self.session);
    }
}
