//! The port, handed on to the writer's thread and the readers.

use std::path::Path;

use async_trait::async_trait;
use rusqlite::params;
use strongroom_kernel::{
    Operation, Table,
    ports::{
        Batch, ContentEntry, ContentKey, Database, Erasure, Head, IdempotentReply, PackPosition, Packing,
        PortError, ReadRows, RowFilter, StoredEvent, StoredRecord, StoredRow, UnitOutcome,
    },
};
use strongroom_model::Timestamp;

use crate::{
    number::{position, signed},
    replay::Filter,
};

use super::{Sqlite, backup, connection, erase, error::failed, events, read, reader::beside, rebuild};

const FORGET_EVENTS: &str = "DELETE FROM hub_event WHERE position >= ?1 AND position < ?2";
const FORGET_CONTENT: &str = "DELETE FROM kernel_content WHERE domain = ?1 AND digest = ?2 AND refs = 0";
const FORGET_SMALL: &str = "DELETE FROM kernel_small_content WHERE domain = ?1 AND digest = ?2";

#[async_trait]
impl Database for Sqlite {
    async fn snapshot(&self) -> Result<Box<dyn ReadRows>, PortError> {
        Ok(Box::new(self.pool.snapshot().await?))
    }

    async fn commit(&self, batch: Batch) -> Result<Vec<UnitOutcome>, PortError> {
        self.writer()?.run(move |writer| writer.commit(&batch)).await
    }

    async fn sequence(&self, _limit: usize) -> Result<u64, PortError> {
        // the sequence is the index
        Ok(0)
    }

    async fn head(&self) -> Result<Head, PortError> {
        self.pool.point(read::head).await
    }

    async fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, PortError> {
        self.pool.scan(move |connection| read::leaves(connection, from, limit)).await
    }

    async fn records(&self, from: u64, limit: usize) -> Result<Vec<StoredRecord>, PortError> {
        self.pool.scan(move |connection| read::records(connection, from, limit)).await
    }

    async fn record(&self, sequence: u64) -> Result<Option<StoredRecord>, PortError> {
        self.pool.point(|connection| read::record_of(connection, sequence)).await
    }

    async fn topics(&self) -> Result<Vec<(String, u64)>, PortError> {
        self.pool.scan(read::topics).await
    }

    async fn events(&self, topic: &str, from: u64, limit: usize) -> Result<Vec<StoredEvent>, PortError> {
        let topic = topic.to_owned();
        self.pool.scan(move |connection| read::events(connection, &topic, from, limit)).await
    }

    async fn forget_events(&self, topic: &str, below: u64) -> Result<u64, PortError> {
        let topic = topic.to_owned();
        let forget = move |connection: &rusqlite::Connection| {
            let Some((number, next)) = events::find(connection, &topic)? else { return Ok(0) };
            let positions = [position(number, 0), position(number, signed(below).min(next))];
            connection.execute(FORGET_EVENTS, positions)
        };
        let forgotten = self
            .writer()?
            .run(move |writer| {
                writer.transaction(|connection, _| forget(connection).map_err(failed("forget events")))
            })
            .await?;
        Ok(forgotten as u64)
    }

    async fn note(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.pool.point(|connection| read::note(connection, key)).await
    }

    async fn notes(&self, after: &str, limit: usize) -> Result<Vec<(String, Vec<u8>)>, PortError> {
        let after = after.to_owned();
        self.pool.scan(move |connection| read::notes(connection, &after, limit)).await
    }

    async fn content(&self, key: &ContentKey) -> Result<Option<ContentEntry>, PortError> {
        self.pool.point(|connection| read::content(connection, key)).await
    }

    async fn contents(
        &self,
        after: Option<&ContentKey>,
        limit: usize,
    ) -> Result<Vec<ContentEntry>, PortError> {
        let after = after.cloned();
        self.pool.scan(move |connection| read::contents(connection, after.as_ref(), limit)).await
    }

    async fn small_content(&self, key: &ContentKey) -> Result<Vec<u8>, PortError> {
        self.pool.point(|connection| read::small_content(connection, key)).await
    }

    fn packing(&self) -> Option<&dyn Packing> {
        // small content goes to packs beside it
        None
    }

    async fn unreferenced(&self, before: Timestamp, limit: usize) -> Result<Vec<ContentEntry>, PortError> {
        self.pool.scan(move |connection| read::unreferenced(connection, before, limit)).await
    }

    async fn forget_content(&self, key: &ContentKey) -> Result<bool, PortError> {
        let key = key.clone();
        let forget = move |connection: &rusqlite::Connection| {
            let named = params![key.domain.as_str(), key.digest.as_bytes()];
            let forgotten = connection.prepare_cached(FORGET_CONTENT)?.execute(named)? > 0;
            if forgotten {
                connection.prepare_cached(FORGET_SMALL)?.execute(named)?;
            }
            Ok(forgotten)
        };
        self.writer()?
            .run(move |writer| {
                writer.transaction(|connection, _| forget(connection).map_err(failed("forget content")))
            })
            .await
    }

    async fn pack_end(&self) -> Result<Option<PackPosition>, PortError> {
        self.pool.point(read::pack_end).await
    }

    async fn idempotent_reply(
        &self,
        scope: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<IdempotentReply>, PortError> {
        self.pool.point(|connection| read::reply(connection, scope, key, now)).await
    }

    async fn replies(&self, after: (&str, &str), limit: usize) -> Result<Vec<IdempotentReply>, PortError> {
        let (scope, key) = (after.0.to_owned(), after.1.to_owned());
        self.pool.scan(move |connection| read::replies(connection, (&scope, &key), limit)).await
    }

    async fn rows(&self, table: &'static Table, filter: RowFilter<'_>) -> Result<Vec<StoredRow>, PortError> {
        let filter = Filter::from(filter);
        self.pool.scan(move |connection| rebuild::rows(connection, table, &filter)).await
    }

    async fn count_rows(&self, table: &'static Table) -> Result<u64, PortError> {
        self.pool.scan(move |connection| rebuild::count(connection, table)).await
    }

    async fn clear_tables(&self, tables: &[&'static Table]) -> Result<(), PortError> {
        let tables = tables.to_vec();
        let clear = move |connection: &rusqlite::Connection, end| rebuild::clear(connection, end, &tables);
        self.writer()?
            .run(move |writer| writer.transaction(|connection, known| clear(connection, known.head.time)))
            .await
    }

    async fn replay(&self, units: Vec<(u64, Vec<Operation>)>) -> Result<(), PortError> {
        self.writer()?
            .run(move |writer| {
                writer.transaction(|connection, known| {
                    rebuild::replay(connection, &mut known.statements, known.head.time, &units)
                })
            })
            .await
    }

    async fn erase(&self, erasure: Erasure) -> Result<(), PortError> {
        self.writer()?
            .run(move |writer| writer.transaction(|connection, _| erase::erase(connection, &erasure)))
            .await
    }

    async fn clear_files(&self, _tables: &[&'static Table]) -> Result<Vec<String>, PortError> {
        // one file has all tables
        let path = self.path.clone();
        self.writer()?.run(move |writer| writer.alone(|| erase::clear_file(&path))).await?;
        Ok(Vec::new())
    }

    async fn backup(&self, folder: &Path) -> Result<(), PortError> {
        let (path, folder) = (self.path.clone(), folder.to_owned());
        // a connection that may write: the copy is made by SQLite as an attached database
        beside(move || backup::write(&connection::open_copier(&path)?, &path, &folder)).await
    }

    fn describe(&self) -> String {
        format!("SQLite {}", rusqlite::version())
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn gauges(&self) -> Vec<(&'static str, &'static str, f64)> {
        let mut gauges =
            vec![("database_readers_busy", "Connections that are reading.", self.pool.busy() as f64)];
        if let Some(writer) = &self.writer {
            let log = writer.log();
            gauges.push((
                "database_wal_bytes",
                "Length of the write-ahead log in bytes.",
                log.bytes() as f64,
            ));
            let help = "How often the write-ahead log was begun anew between two batches.";
            gauges.push(("database_wal_restarts", help, log.restarts() as f64));
        }
        gauges
    }
}
