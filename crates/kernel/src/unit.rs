//! A unit of work: row images with expectations, content, events and the facts of its one leaf.
//!
//! A unit is data. It does nothing by itself: [`crate::Kernel`] commits it, [`crate::record`] says how it
//! stands in the ledger.

use bytes::Bytes;
use strongroom_model::{Caller, Digest, Domain};

use crate::row::{Row, Table, Value};

/// Most rows of one unit.
pub const MAX_ROWS: usize = 1_000;
/// Most bytes of one unit: rows, events and small content together.
pub const MAX_BYTES: usize = 8 << 20;
/// Largest content that rides in a unit; larger ones are durable before it.
pub const MAX_SMALL_CONTENT: usize = 64 << 10;

/// What the caller set out to do: the word in records, such as `save_raw`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Action {
    /// Service it belongs to.
    pub service: &'static str,
    /// Its name within the service, in snake case.
    pub name: &'static str,
}

/// What must hold of a row for the unit to be committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There is no row with this key.
    Absent,
    /// There is one, whatever its version.
    Present,
    /// There is one, last written by the unit of this sequence.
    Version(u64),
    /// Nothing need hold.
    Any,
}

/// A [`State`] and the word under which the command hears that it did not hold.
///
/// Without a label an unmet expectation means that the snapshot was stale: the command runs again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expectation {
    /// What must hold.
    pub state: State,
    /// The word for the command, if it wants to name the refusal itself.
    pub label: Option<&'static str>,
}

impl State {
    /// This expectation, refused as `label` when unmet.
    pub fn or(self, label: &'static str) -> Expectation {
        Expectation { state: self, label: Some(label) }
    }
}

impl From<State> for Expectation {
    fn from(state: State) -> Self {
        Self { state, label: None }
    }
}

/// One change to rows, or one condition on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// The row with these values, whole.
    Put {
        /// Its table.
        table: &'static Table,
        /// All its values, in the order of the columns.
        values: Vec<Value>,
        /// What must hold of the row before.
        expectation: Expectation,
    },
    /// The row with this key is gone.
    Remove {
        /// Its table.
        table: &'static Table,
        /// Its key, in the order of [`Table::key`].
        key: Vec<Value>,
        /// What must hold of the row before.
        expectation: Expectation,
    },
    /// A number in an existing row grows or shrinks; commutes with other bumps.
    Bump {
        /// Its table.
        table: &'static Table,
        /// Its key.
        key: Vec<Value>,
        /// An integer column.
        column: &'static str,
        /// By how much.
        by: i64,
        /// Least and greatest value it may have after.
        bounds: (i64, i64),
        /// The word for the command when the result would leave the bounds or the row is absent.
        label: Option<&'static str>,
    },
    /// A row is as expected; nothing is written.
    Require {
        /// Its table.
        table: &'static Table,
        /// Its key.
        key: Vec<Value>,
        /// What must hold.
        expectation: Expectation,
    },
}

impl Operation {
    /// The table it is about.
    pub fn table(&self) -> &'static Table {
        match self {
            Self::Put { table, .. }
            | Self::Remove { table, .. }
            | Self::Bump { table, .. }
            | Self::Require { table, .. } => table,
        }
    }

    /// The key of its row.
    pub fn key(&self) -> Vec<Value> {
        match self {
            Self::Put { table, values, .. } => table.key_of(values),
            Self::Remove { key, .. } | Self::Bump { key, .. } | Self::Require { key, .. } => key.clone(),
        }
    }
}

/// Content of at most [`MAX_SMALL_CONTENT`] bytes that becomes durable with its unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmallContent {
    /// Where it is deduplicated.
    pub domain: Domain,
    /// SHA-256 of `bytes`.
    pub digest: Digest,
    /// The plain content.
    pub bytes: Bytes,
    /// What a database stores in its place, where content is sealed.
    pub sealed: Option<Bytes>,
}

impl SmallContent {
    /// The bytes that a database stores.
    pub fn stored(&self) -> &Bytes {
        self.sealed.as_ref().unwrap_or(&self.bytes)
    }
}

/// Content that a [`crate::ports::ContentStore`] already holds durably.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LargeContent {
    /// Where it is deduplicated.
    pub domain: Domain,
    /// SHA-256 of the plain content.
    pub digest: Digest,
    /// Length of the plain content in bytes.
    pub size: u64,
}

/// What the world is told once the unit is durable; delivered at least once, in order per key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Name of the stream, such as `raw_file_received`.
    pub topic: &'static str,
    /// Events of equal keys stay in order.
    pub key: String,
    /// The body, byte for byte as it will be delivered; never holds numbers only the commit knows.
    pub payload: Bytes,
}

/// What a record is about: a noun of the service and the id of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Such as `raw_file`.
    pub noun: &'static str,
    /// Such as the hyphenated UUID; not personal.
    pub id: String,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitResult {
    /// Carried out.
    Done,
    /// Not carried out, for the reason named by this label.
    Refused(&'static str),
}

/// One unit of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Who asks.
    pub caller: Caller,
    /// What for.
    pub action: Action,
    /// How it ended.
    pub result: UnitResult,
    /// What it is about.
    pub subjects: Vec<Subject>,
    /// Content it touches without a row image saying so, such as a read.
    pub touched: Vec<(Domain, Digest)>,
    /// Row changes and conditions, in order.
    pub operations: Vec<Operation>,
    /// Content that rides along.
    pub small: Vec<SmallContent>,
    /// Content that is durable already.
    pub large: Vec<LargeContent>,
    /// What the world is told.
    pub events: Vec<Event>,
    /// How many alike it stands for, such as refused strangers within a minute; 1 for an ordinary unit.
    pub count: u64,
}

impl Unit {
    /// An empty unit: a leaf that says `caller` did `action`.
    pub fn new(caller: &Caller, action: Action) -> Self {
        Self {
            caller: caller.clone(),
            action,
            result: UnitResult::Done,
            subjects: Vec::new(),
            touched: Vec::new(),
            operations: Vec::new(),
            small: Vec::new(),
            large: Vec::new(),
            events: Vec::new(),
            count: 1,
        }
    }

    /// The unit that records a refusal: same caller, action and subjects, no effect.
    #[must_use]
    pub fn refused(&self, label: &'static str) -> Self {
        Self {
            subjects: self.subjects.clone(),
            result: UnitResult::Refused(label),
            ..Self::new(&self.caller, self.action)
        }
    }

    /// Says what it is about.
    #[expect(clippy::needless_pass_by_value, reason = "ids are small and read better by value at the call")]
    pub fn about(&mut self, noun: &'static str, id: impl ToString) {
        self.subjects.push(Subject { noun, id: id.to_string() });
    }

    /// Writes the whole row, if `expectation` holds.
    pub fn put<R: Row>(&mut self, row: &R, expectation: impl Into<Expectation>) {
        let operation =
            Operation::Put { table: R::TABLE, values: row.values(), expectation: expectation.into() };
        self.operations.push(operation);
    }

    /// Removes the row with this key, if `expectation` holds.
    pub fn remove<R: Row>(&mut self, key: Vec<Value>, expectation: impl Into<Expectation>) {
        self.operations.push(Operation::Remove { table: R::TABLE, key, expectation: expectation.into() });
    }

    /// Demands something of a row that the unit does not write.
    pub fn require<R: Row>(&mut self, key: Vec<Value>, expectation: impl Into<Expectation>) {
        self.operations.push(Operation::Require { table: R::TABLE, key, expectation: expectation.into() });
    }

    /// Adds `by` to an integer of an existing row, within `bounds`.
    pub fn bump<R: Row>(&mut self, key: Vec<Value>, column: &'static str, by: i64, bounds: (i64, i64)) {
        self.operations.push(Operation::Bump { table: R::TABLE, key, column, by, bounds, label: None });
    }

    /// Takes content of at most [`MAX_SMALL_CONTENT`] bytes along and returns its digest.
    pub fn blob(&mut self, domain: &Domain, bytes: Bytes) -> Digest {
        let digest = Digest::of(&bytes);
        self.small.push(SmallContent { domain: domain.clone(), digest, bytes, sealed: None });
        digest
    }

    /// Announces `payload` on `topic` once the unit is durable.
    pub fn emit(&mut self, topic: &'static str, key: impl Into<String>, payload: impl Into<Bytes>) {
        self.events.push(Event { topic, key: key.into(), payload: payload.into() });
    }
}
