//! One operation of a unit, carried out on its row.

use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, types::ValueRef};
use strongroom_kernel::{Expectation, Operation, State, Table, Value};
use strongroom_model::Digest;

use crate::{
    dialect::question_marks,
    number::signed,
    statements::{Statements, TableSql, safe_bump},
};

use super::{
    content::{References, reference},
    error::{BrokenUnique, Stop, broken_unique},
    value::bind,
};

/// The statements of `table` in SQLite's spelling.
pub(super) fn statements_of(statements: &mut Statements<TableSql>, table: &'static Table) -> Arc<TableSql> {
    statements.of(table, || TableSql::of(table).map(|sql| question_marks(&sql).into_owned()))
}

/// Carries operations out on rows.
#[derive(Debug)]
pub(super) struct Rows<'c> {
    pub(super) connection: &'c Connection,
    pub(super) statements: &'c mut Statements<TableSql>,
}

impl Rows<'_> {
    /// Carries `operation` out as part of the unit of `sequence`, `order` being what a new row gets.
    ///
    /// # Errors
    /// `Refused` when its expectation or a unique constraint does not hold: nothing of it was done then.
    pub(super) fn carry_out(
        &mut self,
        operation: &Operation,
        order: i64,
        sequence: u64,
        references: &mut References,
    ) -> Result<(), Stop> {
        let sql = statements_of(self.statements, operation.table());
        let row =
            Row { connection: self.connection, table: operation.table(), sql: &sql, sequence, references };
        match operation {
            Operation::Put { values, expectation, .. } => row.put(values, *expectation, order),
            Operation::Remove { key, expectation, .. } => row.remove(key, *expectation),
            Operation::Bump { key, column, by, bounds, label, .. } => {
                row.bump(key, column, *by, *bounds, *label)
            }
            Operation::Require { key, expectation, .. } => row.require(key, *expectation),
        }
    }
}

struct Row<'a> {
    connection: &'a Connection,
    table: &'static Table,
    sql: &'a TableSql,
    sequence: u64,
    references: &'a mut References,
}

impl Row<'_> {
    fn put(self, values: &[Value], expectation: Expectation, order: i64) -> Result<(), Stop> {
        let old = match expectation.state {
            State::Absent => None,
            State::Present | State::Version(_) | State::Any => self.referred(self.key_of(values))?,
        };
        let changed = match expectation.state {
            State::Absent => self.write_new(&self.sql.insert, values, order),
            State::Any => self.write_new(&self.sql.upsert, values, order),
            State::Present => self.rewrite(&self.sql.update, values, None),
            State::Version(version) => self.rewrite(&self.sql.update_version, values, Some(version)),
        };
        match changed {
            Ok(0) => Err(Stop::unmet(expectation.label)),
            Ok(_) => {
                self.references.change(old, reference(values, self.sql.content_places));
                Ok(())
            }
            Err(error) => Err(self.refusal(values, expectation, error)?),
        }
    }

    fn write_new(&self, sql: &str, values: &[Value], order: i64) -> rusqlite::Result<usize> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let next = bind(&mut statement, 1, values)?;
        statement.raw_bind_parameter(next, order)?;
        statement.raw_bind_parameter(next + 1, signed(self.sequence))?;
        statement.raw_execute()
    }

    fn rewrite(&self, sql: &str, values: &[Value], version: Option<u64>) -> rusqlite::Result<usize> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let next = bind(&mut statement, 1, values)?;
        statement.raw_bind_parameter(next, signed(self.sequence))?;
        if let Some(version) = version {
            statement.raw_bind_parameter(next + 1, signed(version))?;
        }
        statement.raw_execute()
    }

    /// A broken constraint refuses the unit; the key is asked first, so that it goes before other constraints.
    fn refusal(
        &self,
        values: &[Value],
        expectation: Expectation,
        error: rusqlite::Error,
    ) -> Result<Stop, Stop> {
        let Some(BrokenUnique(label)) = broken_unique(self.table, &error) else { return Err(error.into()) };
        let key_taken = expectation.state == State::Absent && self.version(self.key_of(values))?.is_some();
        Ok(Stop::unmet(if key_taken { expectation.label } else { label }))
    }

    fn remove(self, key: &[Value], expectation: Expectation) -> Result<(), Stop> {
        let old = self.referred(key)?;
        let removed = match expectation.state {
            State::Absent => return self.require(key, expectation),
            State::Version(version) => {
                let mut statement = self.with_key(&self.sql.delete_version, key)?;
                statement.raw_bind_parameter(key.len() + 1, signed(version))?;
                statement.raw_execute()?
            }
            State::Present | State::Any => self.with_key(&self.sql.delete, key)?.raw_execute()?,
        };
        if removed == 0 && expectation.state != State::Any {
            return Err(Stop::unmet(expectation.label));
        }
        self.references.change(old, None);
        Ok(())
    }

    fn bump(
        self,
        key: &[Value],
        column: &str,
        by: i64,
        bounds: (i64, i64),
        label: Option<&'static str>,
    ) -> Result<(), Stop> {
        let Some(sql) = self.sql.bump(self.table, column) else {
            let what = format!("{}.{column} is not an integer column to bump", self.table.name);
            return Err(Stop::Failed(strongroom_kernel::ports::PortError::refused(what)));
        };
        let Some((least, greatest)) = safe_bump(by, bounds) else { return Err(Stop::unmet(label)) };
        let mut statement = self.connection.prepare_cached(sql)?;
        for (place, number) in [by, least, greatest, signed(self.sequence)].into_iter().enumerate() {
            statement.raw_bind_parameter(place + 1, number)?;
        }
        bind(&mut statement, 5, key)?;
        if statement.raw_execute()? == 0 { Err(Stop::unmet(label)) } else { Ok(()) }
    }

    fn require(&self, key: &[Value], expectation: Expectation) -> Result<(), Stop> {
        let holds = match (expectation.state, self.version(key)?) {
            (State::Any, _) | (State::Absent, None) | (State::Present, Some(_)) => true,
            (State::Version(expected), Some(version)) => version == signed(expected),
            (State::Absent, Some(_)) | (State::Present | State::Version(_), None) => false,
        };
        if holds { Ok(()) } else { Err(Stop::unmet(expectation.label)) }
    }

    fn version<'v>(&self, key: impl IntoIterator<Item = &'v Value>) -> rusqlite::Result<Option<i64>> {
        let mut statement = self.with_key(&self.sql.version, key)?;
        statement.raw_query().next()?.map(|row| row.get(0)).transpose()
    }

    /// The content the row with this key refers to now.
    fn referred<'v>(
        &self,
        key: impl IntoIterator<Item = &'v Value>,
    ) -> rusqlite::Result<Option<(String, Digest)>> {
        if self.sql.content_places.is_none() {
            return Ok(None);
        }
        let mut statement = self.with_key(&self.sql.content, key)?;
        let mut rows = statement.raw_query();
        let Some(row) = rows.next()? else { return Ok(None) };
        match (row.get_ref(0)?, row.get_ref(1)?) {
            (ValueRef::Text(_), ValueRef::Blob(digest)) => Ok(Digest::from_slice(digest)
                .map(|digest| row.get(0).map(|domain| (domain, digest)))
                .transpose()?),
            _ => Ok(None),
        }
    }

    fn with_key<'v>(
        &self,
        sql: &str,
        key: impl IntoIterator<Item = &'v Value>,
    ) -> rusqlite::Result<CachedStatement<'_>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        bind(&mut statement, 1, key)?;
        Ok(statement)
    }

    fn key_of<'v>(&self, values: &'v [Value]) -> impl Iterator<Item = &'v Value> + use<'v, '_> {
        self.sql.key_places.iter().filter_map(move |place| values.get(*place))
    }
}

/// Whether a unit with these operations can be refused after it has written something: only then must it
/// be undone by a savepoint.
pub(super) fn needs_savepoint(operations: &[Operation]) -> bool {
    let mut written = false;
    for operation in operations {
        let free = match operation {
            Operation::Put { table, expectation, .. } => {
                expectation.state == State::Any && table.uniques.is_empty()
            }
            Operation::Remove { expectation, .. } | Operation::Require { expectation, .. } => {
                expectation.state == State::Any
            }
            Operation::Bump { .. } => false,
        };
        if written && !free {
            return true;
        }
        written |= !matches!(operation, Operation::Require { .. });
    }
    false
}
