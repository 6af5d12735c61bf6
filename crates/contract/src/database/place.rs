//! Where a database under test lives, and the short words by which cases use one.

use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use strongroom_kernel::{
    Action, Kind, Row, Schema, Table, Unit, UnitResult, Value,
    ports::{
        Batch, Database, Packs, PortError, Prepared, Query, Reach, ReadRows, Rng, RowFilter, Stamp,
        StoredRow, UnitOutcome,
    },
    record::seal,
};
use strongroom_model::{Caller, Digest, Timestamp};

use super::tables::SCHEMA;

/// A place for one database, empty at first and removed in the end.
#[async_trait]
pub trait Place: Debug + Send + Sync {
    /// Opens the database at this place, and migrates it. The one opened before was dropped.
    ///
    /// # Errors
    /// Whatever the adapter refuses.
    async fn open(&self, schemas: &[Schema]) -> Result<Arc<dyn Database>, PortError>;
}

/// A database under test with what a case needs to write to it.
#[derive(Debug)]
pub struct Subject {
    /// The database.
    pub database: Arc<dyn Database>,
    rng: CountingRng,
    clock: AtomicU64,
}

impl Subject {
    /// Opens the database at `place` with the suite's tables.
    pub async fn open(place: &dyn Place) -> Self {
        let database = place.open(&[SCHEMA]).await.expect("the place opens");
        Self { database, rng: CountingRng::default(), clock: AtomicU64::new(1_000_000) }
    }

    /// A time later than all before it.
    pub fn next_time(&self) -> Timestamp {
        time(self.clock.fetch_add(1_000, Ordering::Relaxed))
    }

    /// `unit` with its record sealed.
    pub fn prepare(&self, unit: &Unit) -> Prepared {
        Prepared {
            service: unit.action.service,
            operations: unit.operations.clone(),
            small: unit.small.clone(),
            large: unit.large.clone(),
            events: unit.events.clone(),
            record: seal(unit, time(77), &self.rng),
            reply: None,
        }
    }

    /// A batch of these units at the next time.
    pub fn batch(&self, units: &[Unit]) -> Batch {
        let units = units.iter().map(|unit| self.prepare(unit)).collect();
        Batch { time: self.next_time(), units, notes: Vec::new(), packs: None }
    }

    /// Commits these units as one batch without packs.
    pub async fn commit_all(&self, units: &[Unit]) -> Vec<UnitOutcome> {
        self.database.commit(self.batch(units)).await.expect("the batch is committed")
    }

    /// Commits one unit alone.
    pub async fn commit(&self, unit: &Unit) -> UnitOutcome {
        let mut outcomes = self.commit_all(std::slice::from_ref(unit)).await;
        assert_eq!(outcomes.len(), 1, "one answer per unit");
        outcomes.remove(0)
    }

    /// Commits one unit with packs.
    ///
    /// # Errors
    /// The commit's own.
    pub async fn commit_with(&self, packs: &Arc<dyn Packs>, unit: &Unit) -> Result<UnitOutcome, PortError> {
        let batch = Batch { packs: Some(Arc::clone(packs)), ..self.batch(std::slice::from_ref(unit)) };
        self.database.commit(batch).await.map(|mut outcomes| outcomes.remove(0))
    }

    /// Commits one unit that must not be refused.
    pub async fn done(&self, unit: &Unit) -> Stamp {
        stamp(self.commit(unit).await)
    }

    /// Commits the unit that `fill` fills.
    pub async fn unit(&self, fill: impl FnOnce(&mut Unit)) -> UnitOutcome {
        self.commit(&unit(fill)).await
    }

    /// Gives every record its index.
    pub async fn settle(&self) {
        while self.database.sequence(100).await.expect("records are sequenced") > 0 {}
    }

    /// All rows of a table.
    pub async fn rows<R: Row>(&self) -> Vec<StoredRow> {
        all_rows(self.database.as_ref(), R::TABLE).await
    }

    /// The row with this key, typed.
    pub async fn find<R: Row>(&self, key: &[Value]) -> Option<R> {
        let rows = self.database.rows(R::TABLE, RowFilter::Key(key)).await.expect("rows are read");
        assert!(rows.len() <= 1, "a key names one row");
        rows.into_iter().next().map(|row| R::from_values(row.values).expect("the row fits its table"))
    }

    /// Order and version of the row with this key.
    pub async fn marks(&self, table: &'static Table, key: &[Value]) -> (i64, u64) {
        let rows = self.database.rows(table, RowFilter::Key(key)).await.expect("rows are read");
        (rows[0].order, rows[0].version)
    }

    /// A query on a snapshot of its own.
    pub async fn query(&self, sql: &str, params: &[Value], columns: &[Kind]) -> Vec<Vec<Value>> {
        let snapshot = self.database.snapshot().await.expect("there is a snapshot");
        ask(snapshot.as_ref(), sql, params, columns).await
    }
}

/// Both reaches of a query, which must answer alike.
pub async fn ask(snapshot: &dyn ReadRows, sql: &str, params: &[Value], columns: &[Kind]) -> Vec<Vec<Value>> {
    let near =
        snapshot.query(Query { sql, params, columns, reach: Reach::Point }).await.expect("the query runs");
    let far =
        snapshot.query(Query { sql, params, columns, reach: Reach::Scan }).await.expect("the query runs");
    assert_eq!(near, far);
    near
}

/// All rows of a table, read in pages of three.
pub async fn all_rows(database: &dyn Database, table: &'static Table) -> Vec<StoredRow> {
    let mut rows: Vec<StoredRow> = Vec::new();
    loop {
        let after = rows.last().map_or(-1, |row| row.order);
        let page = database.rows(table, RowFilter::After { after, limit: 3 }).await.expect("rows are read");
        assert!(page.len() <= 3, "a page keeps its limit");
        if page.is_empty() {
            assert_eq!(database.count_rows(table).await.expect("rows are counted"), rows.len() as u64);
            return rows;
        }
        rows.extend(page);
    }
}

/// A unit that `fill` fills.
pub fn unit(fill: impl FnOnce(&mut Unit)) -> Unit {
    let mut unit = Unit {
        result: UnitResult::Done,
        ..Unit::new(&Caller::account("tester"), Action { service: "suite", name: "try" })
    };
    fill(&mut unit);
    unit
}

/// The stamp of a committed unit.
pub fn stamp(outcome: UnitOutcome) -> Stamp {
    match outcome {
        UnitOutcome::Committed(stamp) => stamp,
        other => panic!("the unit was not committed: {other:?}"),
    }
}

/// That many microseconds after the epoch.
pub fn time(micros: u64) -> Timestamp {
    i64::try_from(micros).ok().and_then(Timestamp::from_micros).expect("tests use times within range")
}

/// Bytes that never repeat, without being random.
#[derive(Debug, Default)]
struct CountingRng(AtomicU64);

impl Rng for CountingRng {
    fn fill(&self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(32) {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            piece.copy_from_slice(&Digest::of(&number.to_be_bytes()).as_bytes()[..piece.len()]);
        }
    }
}
