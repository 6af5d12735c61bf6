//! A row that names content, held against the record that wrote it, before the content is served under its name.
//!
//! Content is verified against its digest on every read, but a row whose digest was exchanged for that of other content
//! would have that served, whole and sound. So what a row refers to is looked up in the ledger too; once per row and
//! process.

use std::hash::BuildHasher;

use strongroom_model::Error;

use crate::{
    error::{from_port, unavailable},
    kernel::Kernel,
    ports::{PortError, Query, Reach},
    record::{self, OpenedOperation},
    row::{Kind, Row, Table, Value},
    unit::Operation,
};

impl Kernel {
    /// Tests that `row` is what the record of the unit that wrote it says, for handlers that serve the content it names.
    /// A row that is gone meanwhile passes, and so does one of a table with counters: no single record says what such
    /// a row is.
    ///
    /// # Errors
    /// `Internal` when the row is not what was recorded; `Unavailable`, also when the row changed since it was read.
    pub async fn attest<R: Row>(&self, row: &R) -> Result<(), Error> {
        let (table, values) = (R::TABLE, row.values());
        if table.columns.iter().any(|column| column.counter) {
            return Ok(());
        }
        let attested = &self.inner.attested;
        let hash = attested.hasher.hash_one((table.name, &values));
        if attested.knows(hash) {
            return Ok(());
        }
        let key = table.key_of(&values);
        let Some((version, stored)) = self.row_now(table, &key).await.map_err(from_port)? else {
            return Ok(());
        };
        self.hold_against_record(table, &key, version, &stored).await.map_err(|error| {
            tracing::error!(error = %error, table = table.name, "a row is not what its record says");
            from_port(error)
        })?;
        if stored != values {
            return Err(unavailable("what this request depends on keeps changing"));
        }
        attested.remember(hash);
        Ok(())
    }

    /// The row as it is now, and the sequence of the unit that wrote it.
    async fn row_now(&self, table: &Table, key: &[Value]) -> Result<Option<(u64, Vec<Value>)>, PortError> {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        let mut kinds = vec![Kind::Int];
        kinds.extend(table.columns.iter().map(|column| column.kind));
        let conditions: Vec<String> =
            table.key.iter().enumerate().map(|(place, name)| format!("{name} = ${}", place + 1)).collect();
        let (names, conditions) = (names.join(", "), conditions.join(" AND "));
        let sql = format!("SELECT row_version, {names} FROM {} WHERE {conditions}", table.name);
        let snapshot = self.inner.database.snapshot().await?;
        let query = Query { sql: &sql, params: key, columns: &kinds, reach: Reach::Point };
        let Some(mut values) = snapshot.query(query).await?.pop() else { return Ok(None) };
        match values.remove(0) {
            Value::Int(version) => Ok(Some((version.unsigned_abs(), values))),
            _ => Err(PortError::corrupt(format!("{}: a row has no version", table.name))),
        }
    }

    async fn hold_against_record(
        &self,
        table: &Table,
        key: &[Value],
        version: u64,
        values: &[Value],
    ) -> Result<(), PortError> {
        let corrupt =
            || PortError::corrupt(format!("{}: a row is not what record {version} says", table.name));
        let stored = self.inner.database.record(version).await?.ok_or_else(corrupt)?;
        let find = |name: &str| {
            let mut tables = self.inner.schemas.iter().flat_map(|schema| schema.tables.iter().copied());
            tables.find(|table| table.name == name)
        };
        let opened = record::open(&stored, &find)?;
        let said = opened.operations.into_iter().rev().find_map(|operation| said(operation, table, key));
        match said {
            Some(said) if agrees(&said, values) => Ok(()),
            _ => Err(corrupt()),
        }
    }
}

/// What an operation makes of the row with this key; erased values are unknown.
fn said(operation: OpenedOperation, table: &Table, key: &[Value]) -> Option<Vec<Option<Value>>> {
    let values: Vec<Option<Value>> = match operation {
        OpenedOperation::Whole(Operation::Put { table: of, values, .. }) if of.name == table.name => {
            values.into_iter().map(Some).collect()
        }
        OpenedOperation::Erased { table: of, values, .. } if of.name == table.name => values,
        _ => return None,
    };
    let known: Option<Vec<Value>> =
        table.key.iter().map(|name| values.get(table.position(name)?)?.clone()).collect();
    (known? == key).then_some(values)
}

fn agrees(said: &[Option<Value>], values: &[Value]) -> bool {
    said.len() == values.len()
        && said.iter().zip(values).all(|(said, value)| said.as_ref().is_none_or(|said| said == value))
}
