//! PostgreSQL: one connection that writes, a pool of those that read.
//!
//! The way of a batch: `session` (the connection, lent to one at a time) → `batch` (one transaction, sent in
//! runs: `steps`, `pipeline`) → `closing` (records, events, commit). Records get their index in `sequence`.
//! Reading: `reader` (pool and snapshots) → `read` (the port's own tables).

mod batch;
mod closing;
mod connection;
mod database;
mod erase;
mod error;
mod migrate;
mod packing;
mod pipeline;
mod read;
mod reader;
mod rebuild;
mod sequence;
mod session;
mod steps;
mod tables;
mod terms;
mod value;

use std::time::Duration;

use strongroom_kernel::{Schema, ports::PortError};

use crate::migrate::AppliedMigration;

use self::{connection::Target, reader::Readers, session::Writer};

/// How PostgreSQL is used.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Connections that read at the same time; one more writes.
    pub readers: usize,
    /// How long a snapshot may be used.
    pub snapshot_age: Duration,
    /// How long the writer waits for an earlier one on the same database to end.
    pub writer_wait: Duration,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { readers: 16, snapshot_age: Duration::from_secs(1), writer_wait: Duration::from_secs(5) }
    }
}

/// The database on a PostgreSQL server, version 14 or later, of encoding UTF-8.
///
/// One process writes at a time: it holds a lock on the database. A connection pooler that gives one
/// connection to several clients in turn must not stand between.
#[derive(Debug)]
pub struct Postgres {
    writer: Writer,
    readers: Readers,
    version: String,
    read_only: bool,
}

impl Postgres {
    /// Connects to the database that `url` names and applies what migrations are missing.
    ///
    /// TLS is used with `sslmode=require`; the server's certificate is then checked, against the machine's
    /// roots or those in the file named by `sslrootcert`.
    ///
    /// # Errors
    /// `Refused` when the URL is malformed, an applied migration was edited, or the tables were made by a
    /// newer program; `Unavailable` when the server does not answer.
    pub async fn connect(
        url: &str,
        schemas: &[Schema],
        options: &PostgresOptions,
    ) -> Result<Self, PortError> {
        let target = Target::parse(url)?;
        migrate::apply(&target, schemas).await?;
        Self::open(target, options, false).await
    }

    /// Connects for reading, beside a process that writes or without one. Everything that writes is `Refused`.
    ///
    /// # Errors
    /// As [`Postgres::connect`], and `Refused` when migrations are missing.
    pub async fn connect_read_only(
        url: &str,
        schemas: &[Schema],
        options: &PostgresOptions,
    ) -> Result<Self, PortError> {
        let target = Target::parse(url)?;
        migrate::check(&target, schemas).await?;
        Self::open(target, options, true).await
    }

    /// Applies the migrations of this crate and of `schemas` that are missing, each in a transaction of its
    /// own, and returns them.
    ///
    /// # Errors
    /// As [`Postgres::connect`].
    pub async fn migrate(url: &str, schemas: &[Schema]) -> Result<Vec<AppliedMigration>, PortError> {
        migrate::apply(&Target::parse(url)?, schemas).await
    }

    async fn open(target: Target, options: &PostgresOptions, read_only: bool) -> Result<Self, PortError> {
        let readers = Readers::new(&target, options)?;
        let version = readers.version().await?;
        Ok(Self { writer: Writer::new(target, options.writer_wait), readers, version, read_only })
    }

    async fn writer(&self) -> Result<session::Lent, PortError> {
        if self.read_only {
            return Err(PortError::refused("write to a database opened for reading"));
        }
        self.writer.lend().await
    }
}

/// A connection to the server that `url` names, reached as [`Postgres::connect`] reaches it: for reading a
/// database that is not ours.
///
/// # Errors
/// `Refused` when the URL is malformed; `Unavailable` when the server does not answer.
pub async fn postgres_client(url: &str) -> Result<tokio_postgres::Client, PortError> {
    Target::parse(url)?.connect().await
}
