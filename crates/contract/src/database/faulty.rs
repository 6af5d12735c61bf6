//! A database that fails on demand, for tests of what stands on the port.

use std::{collections::VecDeque, path::Path, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use strongroom_kernel::{
    Operation, Table,
    ports::{
        Batch, ContentEntry, ContentKey, Database, Erasure, Head, IdempotentReply, PackMove, PackObject,
        PackPosition, Packing, PortError, PortErrorKind, ReadRows, RowFilter, StoredEvent, StoredRecord,
        StoredRow, TermBlock, TermChange, TermRun, TermStore, UnitOutcome, Waiting,
    },
};
use strongroom_model::{Digest, Timestamp};
use tokio::sync::Notify;

/// How a call goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The call is carried out and answers as it should: a fault behind it comes one call later.
    Pass,
    /// The call is not carried out and fails with this kind.
    NotDone(PortErrorKind),
    /// The call is carried out and yet fails with this kind.
    DoneButFailed(PortErrorKind),
    /// The call is carried out once the test notifies, and answers as it should.
    Slow(Arc<Notify>),
}

/// Hands everything on to another database, except where a fault waits.
#[derive(Debug)]
pub struct FaultyDatabase {
    inner: Arc<dyn Database>,
    faults: Mutex<VecDeque<(&'static str, Fault)>>,
    calls: Mutex<Vec<&'static str>>,
}

impl FaultyDatabase {
    /// Wraps `inner`; without faults it behaves alike.
    pub fn new(inner: Arc<dyn Database>) -> Self {
        Self { inner, faults: Mutex::default(), calls: Mutex::default() }
    }

    /// The next call of `method` (its name in the port) goes wrong in this way. Faults of one method come
    /// in the order in which they were added.
    pub fn fail(&self, method: &'static str, fault: Fault) {
        self.faults.lock().push_back((method, fault));
    }

    /// How many faults have not come yet.
    pub fn waiting(&self) -> usize {
        self.faults.lock().len()
    }

    /// Names of the methods called so far, in order.
    pub fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().clone()
    }

    fn next(&self, method: &'static str) -> Option<Fault> {
        self.calls.lock().push(method);
        let mut faults = self.faults.lock();
        let place = faults.iter().position(|(name, _)| *name == method)?;
        faults.remove(place).map(|(_, fault)| fault)
    }

    async fn call<T>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T, PortError>>,
    ) -> Result<T, PortError> {
        match self.next(method) {
            None | Some(Fault::Pass) => call.await,
            Some(Fault::NotDone(kind)) => Err(injected(kind, method)),
            Some(Fault::DoneButFailed(kind)) => {
                call.await?;
                Err(injected(kind, method))
            }
            Some(Fault::Slow(gate)) => {
                gate.notified().await;
                call.await
            }
        }
    }
}

fn injected(kind: PortErrorKind, method: &str) -> PortError {
    PortError::new(kind, format!("{method} (injected fault)"))
}

#[async_trait]
impl Database for FaultyDatabase {
    async fn snapshot(&self) -> Result<Box<dyn ReadRows>, PortError> {
        self.call("snapshot", self.inner.snapshot()).await
    }

    async fn commit(&self, batch: Batch) -> Result<Vec<UnitOutcome>, PortError> {
        self.call("commit", self.inner.commit(batch)).await
    }

    async fn sequence(&self, limit: usize) -> Result<u64, PortError> {
        self.call("sequence", self.inner.sequence(limit)).await
    }

    async fn head(&self) -> Result<Head, PortError> {
        self.call("head", self.inner.head()).await
    }

    async fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, PortError> {
        self.call("leaves", self.inner.leaves(from, limit)).await
    }

    async fn records(&self, from: u64, limit: usize) -> Result<Vec<StoredRecord>, PortError> {
        self.call("records", self.inner.records(from, limit)).await
    }

    async fn record(&self, sequence: u64) -> Result<Option<StoredRecord>, PortError> {
        self.call("record", self.inner.record(sequence)).await
    }

    async fn topics(&self) -> Result<Vec<(String, u64)>, PortError> {
        self.call("topics", self.inner.topics()).await
    }

    async fn events(&self, topic: &str, from: u64, limit: usize) -> Result<Vec<StoredEvent>, PortError> {
        self.call("events", self.inner.events(topic, from, limit)).await
    }

    async fn forget_events(&self, topic: &str, below: u64) -> Result<u64, PortError> {
        self.call("forget_events", self.inner.forget_events(topic, below)).await
    }

    async fn note(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.call("note", self.inner.note(key)).await
    }

    async fn notes(&self, after: &str, limit: usize) -> Result<Vec<(String, Vec<u8>)>, PortError> {
        self.call("notes", self.inner.notes(after, limit)).await
    }

    async fn content(&self, key: &ContentKey) -> Result<Option<ContentEntry>, PortError> {
        self.call("content", self.inner.content(key)).await
    }

    async fn contents(
        &self,
        after: Option<&ContentKey>,
        limit: usize,
    ) -> Result<Vec<ContentEntry>, PortError> {
        self.call("contents", self.inner.contents(after, limit)).await
    }

    async fn small_content(&self, key: &ContentKey) -> Result<Vec<u8>, PortError> {
        self.call("small_content", self.inner.small_content(key)).await
    }

    fn packing(&self) -> Option<&dyn Packing> {
        self.inner.packing().map(|_| self as &dyn Packing)
    }

    async fn unreferenced(&self, before: Timestamp, limit: usize) -> Result<Vec<ContentEntry>, PortError> {
        self.call("unreferenced", self.inner.unreferenced(before, limit)).await
    }

    async fn forget_content(&self, key: &ContentKey) -> Result<bool, PortError> {
        self.call("forget_content", self.inner.forget_content(key)).await
    }

    async fn pack_end(&self) -> Result<Option<PackPosition>, PortError> {
        self.call("pack_end", self.inner.pack_end()).await
    }

    async fn idempotent_reply(
        &self,
        scope: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<IdempotentReply>, PortError> {
        self.call("idempotent_reply", self.inner.idempotent_reply(scope, key, now)).await
    }

    async fn replies(&self, after: (&str, &str), limit: usize) -> Result<Vec<IdempotentReply>, PortError> {
        self.call("replies", self.inner.replies(after, limit)).await
    }

    async fn rows(&self, table: &'static Table, filter: RowFilter<'_>) -> Result<Vec<StoredRow>, PortError> {
        self.call("rows", self.inner.rows(table, filter)).await
    }

    async fn count_rows(&self, table: &'static Table) -> Result<u64, PortError> {
        self.call("count_rows", self.inner.count_rows(table)).await
    }

    async fn clear_tables(&self, tables: &[&'static Table]) -> Result<(), PortError> {
        self.call("clear_tables", self.inner.clear_tables(tables)).await
    }

    async fn replay(&self, units: Vec<(u64, Vec<Operation>)>) -> Result<(), PortError> {
        self.call("replay", self.inner.replay(units)).await
    }

    async fn erase(&self, erasure: Erasure) -> Result<(), PortError> {
        self.call("erase", self.inner.erase(erasure)).await
    }

    async fn clear_files(&self, tables: &[&'static Table]) -> Result<Vec<String>, PortError> {
        self.call("clear_files", self.inner.clear_files(tables)).await
    }

    async fn backup(&self, folder: &Path) -> Result<(), PortError> {
        self.call("backup", self.inner.backup(folder)).await
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }

    fn gauges(&self) -> Vec<(&'static str, &'static str, f64)> {
        self.inner.gauges()
    }
}

impl FaultyDatabase {
    /// The inner side: there whenever this is asked for its own.
    fn inner_packing(&self) -> Result<&dyn Packing, PortError> {
        self.inner.packing().ok_or_else(|| PortError::refused("small content goes to packs"))
    }
}

#[async_trait]
impl Packing for FaultyDatabase {
    async fn waiting(&self) -> Result<Waiting, PortError> {
        self.call("waiting", self.inner_packing()?.waiting()).await
    }

    async fn waiting_contents(
        &self,
        after: Option<&ContentKey>,
        limit: usize,
    ) -> Result<Vec<(ContentKey, Bytes)>, PortError> {
        self.call("waiting_contents", self.inner_packing()?.waiting_contents(after, limit)).await
    }

    async fn next_object(&self) -> Result<u32, PortError> {
        self.call("next_object", self.inner_packing()?.next_object()).await
    }

    async fn begin_object(&self, object: &PackObject) -> Result<(), PortError> {
        self.call("begin_object", self.inner_packing()?.begin_object(object)).await
    }

    async fn fill_object(&self, number: u32, moves: &[PackMove]) -> Result<(u64, u64), PortError> {
        self.call("fill_object", self.inner_packing()?.fill_object(number, moves)).await
    }

    async fn packed_contents(&self, number: u32) -> Result<Vec<ContentEntry>, PortError> {
        self.call("packed_contents", self.inner_packing()?.packed_contents(number)).await
    }

    async fn objects(&self, after: Option<u32>, limit: usize) -> Result<Vec<PackObject>, PortError> {
        self.call("objects", self.inner_packing()?.objects(after, limit)).await
    }

    async fn condemn_objects(&self, now: Timestamp) -> Result<u64, PortError> {
        self.call("condemn_objects", self.inner_packing()?.condemn_objects(now)).await
    }

    async fn forget_object(&self, number: u32) -> Result<(), PortError> {
        self.call("forget_object", self.inner_packing()?.forget_object(number)).await
    }

    async fn knows_object(&self, digest: &Digest) -> Result<bool, PortError> {
        self.call("knows_object", self.inner_packing()?.knows_object(digest)).await
    }
}

#[async_trait]
impl TermStore for FaultyDatabase {
    async fn term_runs(&self) -> Result<Vec<TermRun>, PortError> {
        self.call("term_runs", self.inner.term_runs()).await
    }

    async fn term_blocks(&self, run: u64, from: &[u8], limit: usize) -> Result<Vec<TermBlock>, PortError> {
        self.call("term_blocks", self.inner.term_blocks(run, from, limit)).await
    }

    async fn change_terms(&self, change: TermChange) -> Result<(), PortError> {
        self.call("change_terms", self.inner.change_terms(change)).await
    }

    async fn records_at(&self, indexes: &[u64]) -> Result<Vec<StoredRecord>, PortError> {
        self.call("records_at", self.inner.records_at(indexes)).await
    }
}
