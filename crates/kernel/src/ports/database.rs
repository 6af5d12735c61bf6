//! Where rows, records, events and positions of content are kept, and how a batch of units becomes durable.

use std::{fmt::Debug, path::Path, sync::Arc};

use async_trait::async_trait;
use strongroom_model::{Digest, Timestamp};

use crate::{
    row::{Kind, Table, Value},
    unit::{Event, LargeContent, Operation, SmallContent},
};

use super::{ContentKey, ObjectPosition, PackPosition, Packing, Packs, PortError, TermStore};

/// Bytes of records ([`StoredRecord::text_bytes`]) or payloads of events with which a page of them ends, whatever number
/// was asked for.
pub const PAGE_BYTES: usize = 16 << 20;

/// Keeps rows, records, events, positions of content and operational notes.
///
/// One process writes. Readers see whole batches or nothing of them.
#[async_trait]
pub trait Database: TermStore + Debug + Send + Sync {
    /// All rows as they were at one instant. Held at most a second.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn snapshot(&self) -> Result<Box<dyn ReadRows>, PortError>;

    /// Commits all units of the batch in order, each whole or not at all, and its notes; one answer per unit.
    ///
    /// Durable when it returns. A unit's leaf is made with [`Prepared::leaf`] and the batch's time. A later
    /// unit sees what an earlier one of the same batch wrote. Small content that is not yet there is appended
    /// to the batch's packs, or kept in the database where it has none; its sync has ended before the commit.
    ///
    /// # Errors
    /// `Full`, `Unavailable`, `Corrupt`: no unit of the batch may be acknowledged, though it may have been
    /// carried out. After an error of a sync the adapter reopens the database before it commits again.
    async fn commit(&self, batch: Batch) -> Result<Vec<UnitOutcome>, PortError>;

    /// Gives committed records that have no index yet theirs, in the order of their sequence; at most `limit`.
    /// Returns how many. A database that gives the index at commit returns 0.
    ///
    /// # Errors
    /// `Unavailable`; `Conflict` when another process sequences too.
    async fn sequence(&self, limit: usize) -> Result<u64, PortError>;

    /// End of the ledger: how many leaves have an index, and the time of the last.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn head(&self) -> Result<Head, PortError>;

    /// Leaves of the indexes from `from`, in order, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt` when an index below the head is missing.
    async fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, PortError>;

    /// Records of the indexes from `from`, in order, at most `limit`, and none behind [`PAGE_BYTES`]: the answer is
    /// empty only where there is none, but may be short.
    ///
    /// # Errors
    /// As [`Database::leaves`].
    async fn records(&self, from: u64, limit: usize) -> Result<Vec<StoredRecord>, PortError>;

    /// The record of the unit with this sequence, whether it has an index yet or not; without one, `index` is
    /// its sequence.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn record(&self, sequence: u64) -> Result<Option<StoredRecord>, PortError>;

    /// Every topic that was met, with the offset that its next event gets.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn topics(&self) -> Result<Vec<(String, u64)>, PortError>;

    /// Events of `topic` at offsets from `from`, in order, at most `limit`, and none behind [`PAGE_BYTES`].
    ///
    /// # Errors
    /// `Unavailable`.
    async fn events(&self, topic: &str, from: u64, limit: usize) -> Result<Vec<StoredEvent>, PortError>;

    /// Forgets events of `topic` below offset `below`.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn forget_events(&self, topic: &str, below: u64) -> Result<u64, PortError>;

    /// The note under `key`.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn note(&self, key: &str) -> Result<Option<Vec<u8>>, PortError>;

    /// Notes whose names come after `after`, in the order of the names' bytes, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn notes(&self, after: &str, limit: usize) -> Result<Vec<(String, Vec<u8>)>, PortError>;

    /// Where the content under `key` is, and who refers to it.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn content(&self, key: &ContentKey) -> Result<Option<ContentEntry>, PortError>;

    /// Entries after `after` in the order of their keys, at most `limit`; an empty page is the end.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn contents(
        &self,
        after: Option<&ContentKey>,
        limit: usize,
    ) -> Result<Vec<ContentEntry>, PortError>;

    /// The bytes of content that is kept in the database ([`Place::Database`]), as they came with its unit.
    ///
    /// # Errors
    /// `Missing`, `Unavailable`.
    async fn small_content(&self, key: &ContentKey) -> Result<Vec<u8>, PortError>;

    /// How content that is kept in the database is moved to objects; `None` where small content goes to packs.
    fn packing(&self) -> Option<&dyn Packing>;

    /// Entries nobody has referred to since before `before`, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn unreferenced(&self, before: Timestamp, limit: usize) -> Result<Vec<ContentEntry>, PortError>;

    /// Forgets the entry if nobody refers to it, in one step with the check; false when somebody does.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn forget_content(&self, key: &ContentKey) -> Result<bool, PortError>;

    /// The last position in the packs that a commit relies on: [`Packs::recover`] is given it at start.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn pack_end(&self) -> Result<Option<PackPosition>, PortError>;

    /// The reply stored under an idempotency key, if it has not expired.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn idempotent_reply(
        &self,
        scope: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<IdempotentReply>, PortError>;

    /// Stored replies behind scope and key `after`, in that order, expired ones too, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt` when one cannot be decoded.
    async fn replies(&self, after: (&str, &str), limit: usize) -> Result<Vec<IdempotentReply>, PortError>;

    /// Rows of `table`, for verification and rebuilding.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt` when a row cannot be decoded.
    async fn rows(&self, table: &'static Table, filter: RowFilter<'_>) -> Result<Vec<StoredRow>, PortError>;

    /// How many rows `table` has.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn count_rows(&self, table: &'static Table) -> Result<u64, PortError>;

    /// Empties the services' `tables` and the references of content, for rebuilding.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn clear_tables(&self, tables: &[&'static Table]) -> Result<(), PortError>;

    /// Carries out the operations of units already in the ledger again, without leaves, events or expectations.
    /// Each item is the unit's sequence and its operations. Content entries that do not exist are not made.
    ///
    /// # Errors
    /// `Conflict` when an operation does not fit the rows, `Unavailable`.
    async fn replay(&self, units: Vec<(u64, Vec<Operation>)>) -> Result<(), PortError>;

    /// Replaces openings, removes events and all kept replies. May be called twice.
    ///
    /// # Errors
    /// `Unavailable`, `Full`: it may have been carried out.
    async fn erase(&self, erasure: Erasure) -> Result<(), PortError>;

    /// Has no file of the database keep what was removed from or replaced in `tables`, the ledger, the hub and the
    /// kernel's own tables: rewrites them, and ends its write-ahead log. Writes wait meanwhile. Returns what it
    /// cannot reach, in words for the operator.
    ///
    /// # Errors
    /// `Unavailable` when something holds on to old pages, `Full`: to be called again.
    async fn clear_files(&self, tables: &[&'static Table]) -> Result<Vec<String>, PortError>;

    /// Writes a consistent copy of everything to `folder`, while commits go on.
    ///
    /// # Errors
    /// `Refused` when this database is backed up by its own tools; `Full`, `Unavailable`.
    async fn backup(&self, folder: &Path) -> Result<(), PortError>;

    /// Name of the backend for people: `SQLite 3.53.0`, `PostgreSQL 15.18`.
    fn describe(&self) -> String;

    /// Figures for the metrics page: name without prefix, help, value. Such as the size of a write-ahead log.
    fn gauges(&self) -> Vec<(&'static str, &'static str, f64)>;
}

/// What [`Database::erase`] destroys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erasure {
    /// New openings of records, by their sequence.
    pub openings: Vec<(u64, Vec<u8>)>,
    /// Events that are removed, by topic and offset.
    pub events: Vec<(String, u64)>,
}

/// A view of all rows at one instant.
#[async_trait]
pub trait ReadRows: Send + Sync {
    /// Rows of a query, each with the asked columns.
    ///
    /// # Errors
    /// `Refused` when the query is wrong, `Unavailable`, `Corrupt` when a value is not of its kind.
    async fn query(&self, query: Query<'_>) -> Result<Vec<Vec<Value>>, PortError>;
}

/// A query in ordinary SQL that both databases understand.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The text, with parameters `$1`, `$2`, …
    pub sql: &'a str,
    /// The parameters.
    pub params: &'a [Value],
    /// Kinds of the columns it returns.
    pub columns: &'a [Kind],
    /// How much it reads.
    pub reach: Reach,
}

/// How much a query reads, which decides where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// A few rows by an index: may run where it is asked.
    Point,
    /// More: runs beside the async workers.
    Scan,
}

/// Which rows [`Database::rows`] returns.
#[derive(Debug, Clone, Copy)]
pub enum RowFilter<'a> {
    /// The row with this key, in the order of [`Table::key`].
    Key(&'a [Value]),
    /// Rows whose `row_order` is above `after`, in that order, at most `limit`.
    After {
        /// Exclusive lower bound of `row_order`; -1 for the first page.
        after: i64,
        /// Page size.
        limit: usize,
    },
}

/// A row with the two columns the database adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    /// Position of its first put: sequence × 1024 + place of the operation among those of its unit that write
    /// (conditions do not count: records leave them out, and replay must give the same place).
    pub order: i64,
    /// Sequence of the unit that last wrote it.
    pub version: u64,
    /// Its values, in the order of the columns.
    pub values: Vec<Value>,
}

/// Units and notes that become durable together.
#[derive(Debug)]
pub struct Batch {
    /// Log time of all its leaves; never before that of an earlier batch.
    pub time: Timestamp,
    /// The units, in order.
    pub units: Vec<Prepared>,
    /// Operational state to write along.
    pub notes: Vec<Note>,
    /// Where small content goes; kept in the database when there is none.
    pub packs: Option<Arc<dyn Packs>>,
}

/// One item of operational state: written without a leaf, the last value wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its name.
    pub key: String,
    /// Its value; `None` removes it.
    pub value: Option<Vec<u8>>,
}

/// A unit ready to be committed: its record is sealed, what remains is stamped by the database.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Service of its action.
    pub service: &'static str,
    /// Row changes and conditions, in order.
    pub operations: Vec<Operation>,
    /// Content that rides along.
    pub small: Vec<SmallContent>,
    /// Content that is durable already.
    pub large: Vec<LargeContent>,
    /// What the world is told.
    pub events: Vec<Event>,
    /// The record and its commitment.
    pub record: SealedRecord,
    /// The answer to keep under an idempotency key, in the same commit.
    pub reply: Option<IdempotentReply>,
}

impl Prepared {
    /// The unit's leaf at log time `time` (`docs/reference/records-and-proofs.md`).
    pub fn leaf(&self, time: Timestamp) -> Vec<u8> {
        crate::record::encode_leaf(time, self.service, &self.record.commitment)
    }
}

/// A canonical record with what opens its commitments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRecord {
    /// Random; hashed before the record.
    pub nonce: [u8; 32],
    /// RFC 8785 JSON.
    pub canonical: Vec<u8>,
    /// Salts and values of the personal fields, in order of appearance; empty when there are none.
    pub openings: Vec<u8>,
    /// SHA-256 of label, nonce and canonical record.
    pub commitment: [u8; 32],
}

/// What became of one unit of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitOutcome {
    /// It is durable.
    Committed(Stamp),
    /// An expectation or unique constraint did not hold: nothing of it was done. Its label, or that of the
    /// constraint, if it has one.
    Unmet(Option<&'static str>),
    /// Its idempotency key is taken: nothing of it was done.
    Repeated,
}

/// The numbers only the commit knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Rises with every unit, in the order of commits; equals `index` where that is given at commit.
    pub sequence: u64,
    /// Index of its leaf, if known yet.
    pub index: Option<u64>,
    /// Its leaf.
    pub leaf: Vec<u8>,
    /// Where its events stand, in order.
    pub events: Vec<EventPosition>,
}

/// Where an event stands in its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPosition {
    /// Its topic.
    pub topic: &'static str,
    /// Its offset, from 0, without gaps.
    pub offset: u64,
}

/// An event as it was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its offset in the topic.
    pub offset: u64,
    /// Sequence of the unit that emitted it.
    pub sequence: u64,
    /// Its place among the events of that unit.
    pub place: u32,
    /// Events of equal keys stay in order.
    pub key: String,
    /// Log time of its commit.
    pub time: Timestamp,
    /// The body.
    pub payload: Vec<u8>,
}

/// End of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many leaves have an index.
    pub size: u64,
    /// Log time of the last; the epoch when there is none.
    pub time: Timestamp,
}

/// A record as it was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Index of its leaf.
    pub index: u64,
    /// Its sequence, which rises with the index.
    pub sequence: u64,
    /// Its leaf.
    pub leaf: Vec<u8>,
    /// What the leaf commits to.
    pub nonce: [u8; 32],
    /// RFC 8785 JSON.
    pub canonical: Vec<u8>,
    /// What opens the personal fields.
    pub openings: Vec<u8>,
}

impl StoredRecord {
    /// Bytes of its texts: nearly all of what it takes in memory and in a file.
    pub fn text_bytes(&self) -> usize {
        self.canonical.len() + self.openings.len()
    }
}

/// Where a content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a pack.
    Pack(PackPosition),
    /// In the content store, by itself.
    Store,
    /// In the database, until it is packed.
    Database,
    /// In an object of the content store, with others.
    Object(ObjectPosition),
}

/// What the database knows of a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentEntry {
    /// Its name.
    pub key: ContentKey,
    /// Length of the plain content in bytes.
    pub size: u64,
    /// Where it is.
    pub place: Place,
    /// How many rows refer to it.
    pub references: u64,
    /// Since when nobody does; `None` while somebody does.
    pub unreferenced_since: Option<Timestamp>,
}

/// An answer kept under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotentReply {
    /// Caller and route.
    pub scope: String,
    /// The key the caller chose.
    pub key: String,
    /// Digest of the request, to tell another request under the same key.
    pub request: Digest,
    /// The answer, at most 16 KiB.
    pub reply: Vec<u8>,
    /// When it is forgotten.
    pub expires: Timestamp,
}
