//! The port, handed on to the session that writes and the connections that read.

use std::path::Path;

use async_trait::async_trait;
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

use super::{Postgres, batch, erase, error::failed, read, rebuild, sequence};

const FORGET_EVENTS: &str = "DELETE FROM hub_event WHERE position >= $1 AND position < $2";
const FORGET_CONTENT: &str = "WITH forgotten AS \
    (DELETE FROM kernel_content WHERE domain = $1 AND digest = $2 AND refs = 0 \
        RETURNING domain, digest, place, pack, pack_length), \
    payload AS (DELETE FROM kernel_small_content AS s USING forgotten AS f \
        WHERE s.domain = f.domain AND s.digest = f.digest), \
    dead AS (UPDATE kernel_object AS o SET live = o.live - f.pack_length FROM forgotten AS f \
        WHERE f.place = 3 AND o.number = f.pack) \
    SELECT COUNT(*) FROM forgotten";

#[async_trait]
impl Database for Postgres {
    async fn snapshot(&self) -> Result<Box<dyn ReadRows>, PortError> {
        Ok(Box::new(self.readers.snapshot().await?))
    }

    async fn commit(&self, batch: Batch) -> Result<Vec<UnitOutcome>, PortError> {
        let mut lent = self.writer().await?;
        let outcomes = batch::commit(&mut lent.session, &batch).await?;
        lent.give_back();
        Ok(outcomes)
    }

    async fn sequence(&self, limit: usize) -> Result<u64, PortError> {
        let mut lent = self.writer().await?;
        let given = sequence::give(&mut lent.session, limit).await?;
        lent.give_back();
        Ok(given)
    }

    async fn head(&self) -> Result<Head, PortError> {
        read::head(&self.readers.get().await?).await
    }

    async fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, PortError> {
        read::leaves(&self.readers.get().await?, from, limit).await
    }

    async fn records(&self, from: u64, limit: usize) -> Result<Vec<StoredRecord>, PortError> {
        read::records(&self.readers.get().await?, from, limit).await
    }

    async fn record(&self, sequence: u64) -> Result<Option<StoredRecord>, PortError> {
        read::record(&self.readers.get().await?, sequence).await
    }

    async fn topics(&self) -> Result<Vec<(String, u64)>, PortError> {
        read::topics(&self.readers.get().await?).await
    }

    async fn events(&self, topic: &str, from: u64, limit: usize) -> Result<Vec<StoredEvent>, PortError> {
        read::events(&self.readers.get().await?, topic, from, limit).await
    }

    async fn forget_events(&self, topic: &str, below: u64) -> Result<u64, PortError> {
        let number = read::topic(&self.readers.get().await?, topic).await?;
        let Some(number) = number else { return Ok(0) };
        let mut lent = self.writer().await?;
        let statement = lent.session.statement(FORGET_EVENTS).await?;
        let (first, end) = (position(number, 0), position(number, signed(below)));
        let forgotten = lent.session.client.execute(&statement, &[&first, &end]).await;
        let forgotten = forgotten.map_err(failed("forget events"))?;
        lent.give_back();
        Ok(forgotten)
    }

    async fn note(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        read::note(&self.readers.get().await?, key).await
    }

    async fn notes(&self, after: &str, limit: usize) -> Result<Vec<(String, Vec<u8>)>, PortError> {
        read::notes(&self.readers.get().await?, after, limit).await
    }

    async fn content(&self, key: &ContentKey) -> Result<Option<ContentEntry>, PortError> {
        read::content(&self.readers.get().await?, key).await
    }

    async fn contents(
        &self,
        after: Option<&ContentKey>,
        limit: usize,
    ) -> Result<Vec<ContentEntry>, PortError> {
        read::contents(&self.readers.get().await?, after, limit).await
    }

    async fn small_content(&self, key: &ContentKey) -> Result<Vec<u8>, PortError> {
        read::small_content(&self.readers.get().await?, key).await
    }

    fn packing(&self) -> Option<&dyn Packing> {
        Some(self)
    }

    async fn unreferenced(&self, before: Timestamp, limit: usize) -> Result<Vec<ContentEntry>, PortError> {
        read::unreferenced(&self.readers.get().await?, before, limit).await
    }

    async fn forget_content(&self, key: &ContentKey) -> Result<bool, PortError> {
        // in turn with commits, so that none of them relies on what is being forgotten
        let mut lent = self.writer().await?;
        let statement = lent.session.statement(FORGET_CONTENT).await?;
        let failed = failed("forget content");
        let digest = &key.digest.as_bytes()[..];
        let row = lent.session.client.query_one(&statement, &[&key.domain.as_str(), &digest]).await;
        let forgotten: i64 = row.and_then(|row| row.try_get(0)).map_err(failed)?;
        lent.give_back();
        Ok(forgotten > 0)
    }

    async fn pack_end(&self) -> Result<Option<PackPosition>, PortError> {
        read::pack_end(&self.readers.get().await?).await
    }

    async fn idempotent_reply(
        &self,
        scope: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<IdempotentReply>, PortError> {
        read::reply(&self.readers.get().await?, scope, key, now).await
    }

    async fn replies(&self, after: (&str, &str), limit: usize) -> Result<Vec<IdempotentReply>, PortError> {
        read::replies(&self.readers.get().await?, after, limit).await
    }

    async fn rows(&self, table: &'static Table, filter: RowFilter<'_>) -> Result<Vec<StoredRow>, PortError> {
        rebuild::rows(&self.readers.get().await?, table, &Filter::from(filter)).await
    }

    async fn count_rows(&self, table: &'static Table) -> Result<u64, PortError> {
        rebuild::count(&self.readers.get().await?, table).await
    }

    async fn clear_tables(&self, tables: &[&'static Table]) -> Result<(), PortError> {
        let mut lent = self.writer().await?;
        rebuild::clear(&mut lent.session, tables).await?;
        lent.give_back();
        Ok(())
    }

    async fn replay(&self, units: Vec<(u64, Vec<Operation>)>) -> Result<(), PortError> {
        let mut lent = self.writer().await?;
        rebuild::replay(&mut lent.session, &units).await?;
        lent.give_back();
        Ok(())
    }

    async fn erase(&self, erasure: Erasure) -> Result<(), PortError> {
        let mut lent = self.writer().await?;
        erase::erase(&mut lent.session, &erasure).await?;
        lent.give_back();
        Ok(())
    }

    async fn clear_files(&self, tables: &[&'static Table]) -> Result<Vec<String>, PortError> {
        let lent = self.writer().await?;
        let caveats = erase::clear_files(&lent.session, tables).await?;
        lent.give_back();
        Ok(caveats)
    }

    async fn backup(&self, _folder: &Path) -> Result<(), PortError> {
        Err(PortError::refused("PostgreSQL is backed up by its own tools"))
    }

    fn describe(&self) -> String {
        format!("PostgreSQL {}", self.version)
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn gauges(&self) -> Vec<(&'static str, &'static str, f64)> {
        vec![("database_readers_busy", "Connections that are reading.", self.readers.busy() as f64)]
    }
}
