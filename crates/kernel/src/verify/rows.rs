//! Rows against records: every row is what the last record of its key says, and there is no other.
//!
//! One walk over the records with a look at each row they write. Memory grows only with rows that have
//! counters, and with rows that were removed.

use std::collections::{HashMap, HashSet};

use crate::{
    ports::{Database, PortError, RowFilter, StoredRow},
    record::{OpenedOperation, OpenedRecord},
    row::{Table, Value},
    unit::{Operation, State},
};

use super::{Progress, Report};

const PAGE: usize = 2_048;

type RowName = (&'static str, Vec<Value>);

/// What the walk over the records has to remember.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Rows found just as a record says, by table.
    matched: HashMap<&'static str, u64>,
    /// Rows a record wrote that are not there: a later record must remove them.
    absent: HashSet<RowName>,
    /// Rows that do not stand at the place of their first put: a later first put must explain it.
    misplaced: HashSet<RowName>,
    /// Rows with counters, as they must be now.
    counted: HashMap<RowName, Counted>,
    /// The highest version of any row, and its table.
    newest: Option<(u64, &'static str)>,
}

/// What the records of a row with counters add up to.
#[derive(Debug)]
struct Counted {
    table: &'static Table,
    /// Where it was first put, if the record says that it was.
    order: Option<i64>,
    /// Sequence of the unit that wrote it last.
    sequence: u64,
    /// `None` stands for what was erased: a later put must have replaced it.
    values: Vec<Option<Value>>,
}

/// A row that a record put.
#[derive(Debug)]
struct Put {
    table: &'static Table,
    /// `None` stands for what was erased.
    values: Vec<Option<Value>>,
    expectation: State,
    /// Its place among the operations of the record.
    place: u64,
}

impl Rows {
    /// Checks the rows one record wrote.
    pub(super) async fn check(
        &mut self,
        database: &dyn Database,
        record: &OpenedRecord,
        report: &mut Report,
    ) -> Result<(), PortError> {
        let last = last_writes(&record.operations);
        for (operation, place) in record.operations.iter().zip(0..) {
            match operation {
                OpenedOperation::Whole(Operation::Put { table, values, expectation }) => {
                    let values = values.iter().cloned().map(Some).collect();
                    let put = Put { table, values, expectation: expectation.state, place };
                    self.check_put(database, record, put, &last, report).await?;
                }
                OpenedOperation::Erased { table, values, expectation } => {
                    let put = Put { table, values: values.clone(), expectation: expectation.state, place };
                    self.check_put(database, record, put, &last, report).await?;
                }
                OpenedOperation::Whole(Operation::Remove { table, key, .. }) => {
                    let name = (table.name, key.clone());
                    self.absent.remove(&name);
                    self.misplaced.remove(&name);
                    self.counted.remove(&name);
                    let row = find(database, table, key, report).await?;
                    let put_again = last.get(&name).is_some_and(|last| *last > place);
                    if !put_again && row.is_some_and(|row| row.version <= record.sequence) {
                        report.tampered(format!(
                            "{}: a row that record {} removed is there",
                            table.name, record.index
                        ));
                    }
                }
                OpenedOperation::Whole(Operation::Bump { table, key, column, by, .. }) => {
                    let counted = self.counted.get_mut(&(table.name, key.clone()));
                    let value = counted.and_then(|counted| {
                        counted.sequence = record.sequence;
                        counted.values.get_mut(table.position(column)?)
                    });
                    match value {
                        Some(Some(Value::Int(number))) => *number += by,
                        _ => report
                            .tampered(format!("record {}: counts in a row that is not there", record.index)),
                    }
                }
                OpenedOperation::Whole(Operation::Require { .. }) => {}
            }
        }
        Ok(())
    }

    /// Rows removed by a record that is newer than what is verified are not missed.
    pub(super) fn note_removed(&mut self, record: &OpenedRecord) {
        for operation in &record.operations {
            if let OpenedOperation::Whole(Operation::Remove { table, key, .. }) = operation {
                let name = (table.name, key.clone());
                self.absent.remove(&name);
                self.misplaced.remove(&name);
                self.counted.remove(&name);
            }
        }
    }

    async fn check_put(
        &mut self,
        database: &dyn Database,
        record: &OpenedRecord,
        put: Put,
        last: &HashMap<RowName, u64>,
        report: &mut Report,
    ) -> Result<(), PortError> {
        let Put { table, values, expectation, place } = put;
        let name = (table.name, known_key(table, &values));
        let order = order(record.sequence, place);
        let first = (expectation == State::Absent).then_some(order);
        if has_counters(table) {
            let order = first.or_else(|| self.counted.get(&name)?.order);
            self.counted.insert(name, Counted { table, order, sequence: record.sequence, values });
            return Ok(());
        }
        let row = find(database, table, &name.1, report).await?;
        let written = last.get(&name).is_none_or(|last| *last == place).then_some(values.as_slice());
        self.compare(record, name, written, first, row, report);
        Ok(())
    }

    fn compare(
        &mut self,
        record: &OpenedRecord,
        name: RowName,
        written: Option<&[Option<Value>]>,
        first: Option<i64>,
        row: Option<StoredRow>,
        report: &mut Report,
    ) {
        let Some(row) = row else {
            self.absent.insert(name);
            return;
        };
        if row.version < record.sequence {
            report.tampered(format!("{}: a row is older than record {} that wrote it", name.0, record.index));
            return;
        }
        match first {
            Some(order) if row.order != order => drop(self.misplaced.insert(name.clone())),
            Some(_) => drop(self.misplaced.remove(&name)),
            None => {}
        }
        // a put that a later operation of the same record replaced left nothing but its place
        let Some(values) = written else { return };
        if row.version == record.sequence {
            *self.matched.entry(name.0).or_insert(0) += 1;
            if !is_as_recorded(&row.values, values) {
                report.tampered(format!("{}: a row is not what record {} says", name.0, record.index));
            }
        }
    }

    /// After the last record: what is still unexplained is a finding.
    pub(super) async fn finish(
        mut self,
        database: &dyn Database,
        tables: impl Iterator<Item = &'static Table>,
        last: Option<u64>,
        report: &mut Report,
        progress: &dyn Progress,
    ) -> Result<(), PortError> {
        for (table, _) in &self.absent {
            report.tampered(format!("{table}: a row that was recorded is missing"));
        }
        for (table, _) in &self.misplaced {
            report.tampered(format!("{table}: a row stands at another place than it was put"));
        }
        for (name, counted) in std::mem::take(&mut self.counted) {
            let Counted { table, order, sequence, values } = counted;
            match find(database, table, &name.1, report).await? {
                None => report.tampered(format!("{}: a row that was recorded is missing", table.name)),
                Some(row) if row.version > last.unwrap_or(0) => {}
                Some(row) => {
                    *self.matched.entry(table.name).or_insert(0) += 1;
                    let misplaced = order.is_some_and(|order| order != row.order);
                    if !is_as_recorded(&row.values, &values) || row.version != sequence || misplaced {
                        report.tampered(format!("{}: a row is not what the records add up to", table.name));
                    }
                }
            }
        }
        for table in tables {
            progress.begin(table.name, database.count_rows(table).await?);
            let found = self.count_until(database, table, last, report, progress).await?;
            let matched = self.matched.get(table.name).copied().unwrap_or(0);
            if found > matched {
                report.tampered(format!("{}: {} rows that no record wrote", table.name, found - matched));
            }
        }
        match self.newest {
            Some(newest) if last.is_none_or(|last| newest.0 > last) => {
                check_newest(database, newest, report).await
            }
            _ => Ok(()),
        }
    }

    /// Counts the rows that units up to `last` wrote.
    async fn count_until(
        &mut self,
        database: &dyn Database,
        table: &'static Table,
        last: Option<u64>,
        report: &mut Report,
        progress: &dyn Progress,
    ) -> Result<u64, PortError> {
        let mut after = -1;
        let mut found = 0;
        loop {
            let page = database.rows(table, RowFilter::After { after, limit: PAGE }).await?;
            let Some(end) = page.last() else { return Ok(found) };
            after = end.order;
            found += page.iter().filter(|row| last.is_some_and(|last| row.version <= last)).count() as u64;
            let newest = page.iter().map(|row| (row.version, table.name)).max();
            self.newest = self.newest.max(newest);
            report.rows += page.len() as u64;
            progress.advance(page.len() as u64);
        }
    }
}

/// A row newer than what is verified was written meanwhile, or its record waits for its index where that is given after
/// the commit: its record was committed with it and is there either way.
async fn check_newest(
    database: &dyn Database,
    (version, table): (u64, &'static str),
    report: &mut Report,
) -> Result<(), PortError> {
    if database.record(version).await?.is_none() {
        report.tampered(format!(
            "{table}: a row says that unit {version} wrote it, which is not in the ledger"
        ));
    }
    Ok(())
}

/// The place of the last operation on each row, where a record has more than one.
fn last_writes(operations: &[OpenedOperation]) -> HashMap<RowName, u64> {
    if operations.len() < 2 {
        return HashMap::new();
    }
    let named = |operation: &OpenedOperation| match operation {
        OpenedOperation::Whole(operation) => Some((operation.table().name, operation.key())),
        OpenedOperation::Erased { table, values, .. } => Some((table.name, known_key(table, values))),
    };
    operations.iter().zip(0..).filter_map(|(operation, place)| Some((named(operation)?, place))).collect()
}

/// The key of a put, which is always known.
fn known_key(table: &Table, values: &[Option<Value>]) -> Vec<Value> {
    let known: Vec<Value> = values.iter().map(|value| value.clone().unwrap_or(Value::Null)).collect();
    table.key_of(&known)
}

/// What was erased from the record must not be in the row any more.
fn is_as_recorded(row: &[Value], recorded: &[Option<Value>]) -> bool {
    row.len() == recorded.len()
        && row.iter().zip(recorded).all(|(value, known)| known.as_ref() == Some(value))
}

fn order(sequence: u64, place: u64) -> i64 {
    i64::try_from(sequence * 1_024 + place).unwrap_or(i64::MAX)
}

fn has_counters(table: &Table) -> bool {
    table.columns.iter().any(|column| column.counter)
}

async fn find(
    database: &dyn Database,
    table: &'static Table,
    key: &[Value],
    report: &mut Report,
) -> Result<Option<StoredRow>, PortError> {
    match database.rows(table, RowFilter::Key(key)).await {
        Ok(rows) => Ok(rows.into_iter().next()),
        Err(error) if error.kind == crate::ports::PortErrorKind::Corrupt => {
            report.failed(&error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
