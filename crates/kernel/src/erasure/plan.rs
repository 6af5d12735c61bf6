//! What an erasure will destroy: found by reading all records, again and again until nothing new turns up.
//!
//! Rows are found by way of the records, since every row was put by one. Whether a row still holds the subject is
//! looked up in the row itself; an old value of it is taken from the records alone.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value as Json;
use strongroom_model::{Digest, Domain};

use crate::{
    ports::{ContentKey, Database, PortError, RowFilter, StoredRecord, StoredRow},
    progress::Progress,
    record::{self, OpenedOperation, OpenedRecord, Personal, PersonalPlace},
    row::{Schema, Table, Value},
    unit::Operation,
};

use super::{
    Belongs, ErasureSubject,
    named::{self, Places},
};

/// Records and events of one page.
const PAGE: usize = 1_000;

/// Table and key.
pub(super) type RowName = (&'static str, Vec<Value>);

/// What is looked for, and where.
#[derive(Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) database: &'a dyn Database,
    pub(super) schemas: &'a [Schema],
    pub(super) belongs: &'a [Belongs],
    pub(super) subject: &'a ErasureSubject,
    /// Whether rows that hold the value go as a whole even where they could do without it.
    pub(super) rows: bool,
    /// The erasure under way whose units are taken for its own.
    pub(super) id: &'a str,
}

/// What is to be destroyed.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Rows that are removed, with all personal values they ever had.
    pub(super) whole: HashSet<RowName>,
    /// Columns that become null, by row.
    pub(super) columns: HashMap<RowName, BTreeSet<usize>>,
    /// Openings that are destroyed and not yet named by an earlier unit.
    pub(super) unnamed: Places,
    /// All openings that are destroyed.
    pub(super) openings: Places,
    /// Content of rows that are removed, and which of these rows refer to it now.
    pub(super) contents: HashMap<ContentKey, HashSet<RowName>>,
    /// Content among it to which nothing else refers: it is destroyed.
    pub(super) doomed: HashSet<ContentKey>,
    /// Events by topic and offset.
    pub(super) events: BTreeSet<(String, u64)>,
    /// Indexes of records whose canonical text has the subject: there it stays.
    pub(super) stays: BTreeSet<u64>,
    /// Sequences of units that put an erased value.
    touched: HashSet<u64>,
    /// Events that are destroyed, by unit and place.
    places: HashSet<(u64, u32)>,
    /// Openings named by units before.
    named: Places,
    /// Those of them that this erasure's own units named.
    own: Places,
}

impl Plan {
    /// Grows with everything found, so that a look that finds nothing new can be told.
    pub(super) fn weight(&self) -> usize {
        self.whole.len()
            + self.columns.values().map(BTreeSet::len).sum::<usize>()
            + self.openings.values().map(BTreeSet::len).sum::<usize>()
            + self.contents.values().map(|rows| rows.len() + 1).sum::<usize>()
            + self.doomed.len()
            + self.events.len()
            + self.touched.len()
    }

    /// Rows that are removed or changed.
    pub(super) fn rows(&self) -> impl Iterator<Item = &RowName> {
        self.whole.iter().chain(self.columns.keys().filter(|name| !self.whole.contains(*name)))
    }

    /// Whether anything is to be done.
    pub(super) fn is_empty(&self) -> bool {
        self.weight() == 0
    }

    /// How many values are destroyed.
    pub(super) fn values(&self) -> u64 {
        self.openings.values().map(|places| places.len() as u64).sum()
    }

    fn destroy(&mut self, record: &StoredRecord, place: usize) {
        self.openings.entry(record.index).or_default().insert(place);
        if !self.named.get(&record.index).is_some_and(|places| places.contains(&place)) {
            self.unnamed.entry(record.index).or_default().insert(place);
        }
    }
}

impl Search<'_> {
    /// Reads the records from `from` to the end of the ledger until nothing new is found; returns that end.
    pub(super) async fn run(
        &self,
        plan: &mut Plan,
        from: u64,
        progress: &dyn Progress,
    ) -> Result<u64, PortError> {
        loop {
            let size = self.database.head().await?.size;
            let before = (plan.weight(), plan.own.len());
            progress.begin("records", size - from.min(size));
            self.records(plan, from, size, progress).await?;
            self.events(plan).await?;
            self.judge_contents(plan).await?;
            if (plan.weight(), plan.own.len()) == before {
                return Ok(size);
            }
        }
    }

    async fn records(
        &self,
        plan: &mut Plan,
        from: u64,
        size: u64,
        progress: &dyn Progress,
    ) -> Result<(), PortError> {
        let mut next = from;
        while next < size {
            let want = usize::try_from(size - next).unwrap_or(usize::MAX).min(PAGE);
            let page = self.database.records(next, want).await?;
            if page.is_empty() {
                return Err(PortError::corrupt(format!("record {next} is missing")));
            }
            next += page.len() as u64;
            progress.advance(page.len() as u64);
            for stored in &page {
                let opened = record::open(stored, &|name| self.table(name))?;
                self.record(plan, stored, &opened).await?;
            }
        }
        Ok(())
    }

    async fn record(
        &self,
        plan: &mut Plan,
        stored: &StoredRecord,
        opened: &OpenedRecord,
    ) -> Result<(), PortError> {
        if self.subject.stays_in(&stored.canonical) {
            plan.stays.insert(stored.index);
        }
        let own = named::named(opened).map(|(id, places)| {
            let own = id == self.id;
            for (index, places) in places {
                if own {
                    plan.own.entry(index).or_default().extend(&places);
                }
                plan.named.entry(index).or_default().extend(places);
            }
            own
        });
        let personal = record::personal(stored)?;
        for (row, operation) in opened.operations.iter().enumerate() {
            match operation {
                OpenedOperation::Whole(Operation::Put { table, values, .. }) => {
                    let values: Vec<_> = values.iter().cloned().map(Some).collect();
                    self.put(plan, stored, table, &values, row, &personal).await?;
                }
                OpenedOperation::Erased { table, values, .. } => {
                    self.put(plan, stored, table, values, row, &personal).await?;
                }
                // an erasure that was interrupted: what it removed already belongs to it
                OpenedOperation::Whole(Operation::Remove { table, key, .. }) if own == Some(true) => {
                    plan.whole.insert((table.name, key.clone()));
                }
                OpenedOperation::Whole(_) => {}
            }
        }
        self.openings(plan, stored, opened, &personal, own == Some(true));
        Ok(())
    }

    /// One row that a record put: does it belong to what is erased, and does it still hold the subject?
    async fn put(
        &self,
        plan: &mut Plan,
        stored: &StoredRecord,
        table: &'static Table,
        values: &[Option<Value>],
        row: usize,
        personal: &[Personal],
    ) -> Result<(), PortError> {
        let name = (table.name, key_of(table, values));
        let known: Vec<Value> = values.iter().map(|value| value.clone().unwrap_or(Value::Null)).collect();
        if !plan.whole.contains(&name) {
            let belongs = self.belongs.iter().any(|belongs| {
                belongs.table == table.name
                    && table.position(belongs.column).is_some_and(|column| {
                        plan.whole.contains(&(belongs.owner, vec![known[column].clone()]))
                    })
            });
            if belongs || self.subject.is_row(table, &known) {
                plan.whole.insert(name.clone());
            } else if let Some(needed) = self.holds(table, personal, row) {
                self.held(plan, table, &name, needed).await?;
            }
        }
        if plan.whole.contains(&name) {
            plan.touched.insert(stored.sequence);
            if let Some(key) = content_of(table, &known) {
                let referring = plan.contents.entry(key.clone()).or_default();
                let now = self.find(table, &name.1).await?.and_then(|row| content_of(table, &row.values));
                if now.as_ref() == Some(&key) {
                    referring.insert(name);
                }
            }
        }
        Ok(())
    }

    /// A record put the subject into this row, into a column it `needed` or not: what of it is in the row now?
    async fn held(
        &self,
        plan: &mut Plan,
        table: &'static Table,
        name: &RowName,
        needed: bool,
    ) -> Result<(), PortError> {
        let Some(row) = self.find(table, &name.1).await? else {
            // a row that is gone would have to go: so do its other values in the records
            if needed {
                plan.whole.insert(name.clone());
            }
            return Ok(());
        };
        for (place, (column, value)) in table.columns.iter().zip(&row.values).enumerate() {
            if column.personal && self.subject.is_in_column(value) {
                if self.rows || !column.nullable {
                    plan.whole.insert(name.clone());
                } else {
                    plan.columns.entry(name.clone()).or_default().insert(place);
                }
            }
        }
        Ok(())
    }

    /// Whether a put of this row holds the subject, and in a column that cannot do without a value.
    fn holds(&self, table: &Table, personal: &[Personal], row: usize) -> Option<bool> {
        let mut holding = personal.iter().filter_map(|personal| match &personal.place {
            PersonalPlace::Column { row: of, column } if *of == row => {
                let held = personal.value.as_ref().is_some_and(|value| self.subject.is_in(value));
                held.then(|| table.columns.iter().find(|known| known.name == column))?
            }
            _ => None,
        });
        let first = holding.next()?;
        Some(self.rows || !first.nullable || holding.any(|column| !column.nullable))
    }

    /// Which openings of a record are destroyed.
    fn openings(
        &self,
        plan: &mut Plan,
        stored: &StoredRecord,
        opened: &OpenedRecord,
        personal: &[Personal],
        own: bool,
    ) {
        let is_subject = |value: &Json| self.subject.is_in(value);
        for (place, Personal { place: stands, value }) in personal.iter().enumerate() {
            let Some(value) = value else { continue };
            let named = plan.own.get(&stored.index).is_some_and(|places| places.contains(&place));
            let doomed = match stands {
                // who asked for the erasure stays known
                PersonalPlace::Caller => !own && is_subject(value),
                PersonalPlace::Content { domain } => {
                    is_subject(value)
                        || content_key(domain, value).is_some_and(|key| plan.doomed.contains(&key))
                }
                PersonalPlace::Event { place } => {
                    plan.touched.contains(&stored.sequence)
                        || plan.places.contains(&(stored.sequence, *place))
                }
                PersonalPlace::Column { row, .. } => {
                    let whole =
                        row_name(&opened.operations, *row).is_some_and(|name| plan.whole.contains(&name));
                    if !whole && is_subject(value) {
                        plan.touched.insert(stored.sequence);
                    }
                    whole || is_subject(value)
                }
            };
            if doomed || named {
                plan.destroy(stored, place);
            }
        }
    }

    /// Events of units that put an erased value, and events that speak of the subject.
    async fn events(&self, plan: &mut Plan) -> Result<(), PortError> {
        for (topic, end) in self.database.topics().await? {
            let mut next = 0;
            while next < end {
                let page = self.database.events(&topic, next, PAGE).await?;
                let Some(last) = page.last() else { break };
                next = last.offset + 1;
                for event in &page {
                    if plan.touched.contains(&event.sequence) || self.subject.is_in_payload(&event.payload) {
                        plan.events.insert((topic.clone(), event.offset));
                        plan.places.insert((event.sequence, event.place));
                    }
                }
            }
        }
        Ok(())
    }

    /// Content to which only rows refer that are removed is destroyed, and so is content nobody refers to.
    async fn judge_contents(&self, plan: &mut Plan) -> Result<(), PortError> {
        if let ErasureSubject::Content(digest) = self.subject {
            self.contents_of(plan, digest).await?;
        }
        for (key, rows) in &plan.contents {
            let references = self.database.content(key).await?.map_or(0, |entry| entry.references);
            if references <= self.still_refer(key, rows).await? {
                plan.doomed.insert(key.clone());
            } else {
                plan.doomed.remove(key);
            }
        }
        Ok(())
    }

    /// How many of `rows` refer to the content now: those that were removed do not any more.
    async fn still_refer(&self, key: &ContentKey, rows: &HashSet<RowName>) -> Result<u64, PortError> {
        let mut referring = 0;
        for (table, row) in rows {
            let Some(table) = self.table(table) else { continue };
            let now = self.find(table, row).await?.and_then(|row| content_of(table, &row.values));
            referring += u64::from(now.as_ref() == Some(key));
        }
        Ok(referring)
    }

    /// Content that no row names any more is known by its entry alone.
    async fn contents_of(&self, plan: &mut Plan, digest: &Digest) -> Result<(), PortError> {
        let mut after: Option<ContentKey> = None;
        loop {
            let page = self.database.contents(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            for entry in page.into_iter().filter(|entry| entry.key.digest == *digest) {
                plan.contents.entry(entry.key).or_default();
            }
        }
    }

    pub(super) async fn find(
        &self,
        table: &'static Table,
        key: &[Value],
    ) -> Result<Option<StoredRow>, PortError> {
        Ok(self.database.rows(table, RowFilter::Key(key)).await?.into_iter().next())
    }

    pub(super) fn table(&self, name: &str) -> Option<&'static Table> {
        let mut tables = self.schemas.iter().flat_map(|schema| schema.tables.iter().copied());
        tables.find(|table| table.name == name)
    }
}

fn key_of(table: &Table, values: &[Option<Value>]) -> Vec<Value> {
    let value = |name: &&str| values.get(table.position(name)?)?.clone();
    table.key.iter().map(|name| value(name).unwrap_or(Value::Null)).collect()
}

fn row_name(operations: &[OpenedOperation], row: usize) -> Option<RowName> {
    match operations.get(row)? {
        OpenedOperation::Whole(operation) => Some((operation.table().name, operation.key())),
        OpenedOperation::Erased { table, values, .. } => Some((table.name, key_of(table, values))),
    }
}

/// The content to which a row with these values refers.
pub(super) fn content_of(table: &Table, values: &[Value]) -> Option<ContentKey> {
    let content = table.content?;
    match (values.get(table.position(content.domain)?)?, values.get(table.position(content.digest)?)?) {
        (Value::Text(domain), Value::Digest(digest)) => {
            Some(ContentKey { domain: Domain::parse(domain).ok()?, digest: *digest })
        }
        _ => None,
    }
}

fn content_key(domain: &str, digest: &Json) -> Option<ContentKey> {
    Some(ContentKey { domain: Domain::parse(domain).ok()?, digest: digest.as_str()?.parse().ok()? })
}
