//! Reading whole tables, emptying them and filling them again from the ledger.

use rusqlite::{Connection, params};
use strongroom_kernel::{
    Operation, Table,
    ports::{PortError, StoredRow},
};
use strongroom_model::Timestamp;

use crate::{
    dialect::question_marks,
    number::{limit as as_limit, order, unsigned},
    replay::{Filter, misfit, without_expectations},
    statements::{Statements, TableSql},
};

use super::{
    content::References,
    error::{Stop, failed},
    rows::Rows,
    value::{bind, decode_row},
};

const CLEAR_REFERENCES: &str = "UPDATE kernel_content SET refs = 0, \
    unreferenced_since = COALESCE(unreferenced_since, ?1)";

/// Rows of `table`.
pub(super) fn rows(
    connection: &Connection,
    table: &'static Table,
    filter: &Filter,
) -> Result<Vec<StoredRow>, PortError> {
    let failed = failed("read rows");
    let sql = TableSql::of(table);
    let mut select = match filter {
        Filter::Key(key) => {
            let mut select = connection.prepare_cached(&question_marks(&sql.select_key)).map_err(&failed)?;
            bind(&mut select, 1, key).map_err(&failed)?;
            select
        }
        Filter::After { after, limit } => {
            let mut select =
                connection.prepare_cached(&question_marks(&sql.select_after)).map_err(&failed)?;
            select.raw_bind_parameter(1, after).map_err(&failed)?;
            select.raw_bind_parameter(2, as_limit(*limit)).map_err(&failed)?;
            select
        }
    };
    let mut rows = select.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        found.push(StoredRow {
            order: row.get(0).map_err(&failed)?,
            version: unsigned(row.get(1).map_err(&failed)?, "the version of a row")?,
            values: decode_row(row, 2, table.columns.iter().map(|column| column.kind), table.name)?,
        });
    }
    Ok(found)
}

/// How many rows `table` has.
pub(super) fn count(connection: &Connection, table: &'static Table) -> Result<u64, PortError> {
    let count = connection
        .query_row(&TableSql::of(table).count, [], |row| row.get(0))
        .map_err(failed("count rows"))?;
    unsigned(count, "the number of rows")
}

/// Empties `tables` and the references of content. What is not referred to again counts as unreferenced
/// since the end of the ledger.
pub(super) fn clear(
    connection: &Connection,
    end: Timestamp,
    tables: &[&'static Table],
) -> Result<(), PortError> {
    for table in tables {
        connection.execute(&format!("DELETE FROM {}", table.name), []).map_err(failed("empty a table"))?;
    }
    connection.execute(CLEAR_REFERENCES, params![end.micros()]).map_err(failed("clear references"))?;
    Ok(())
}

/// Carries the operations of units out again.
pub(super) fn replay(
    connection: &Connection,
    statements: &mut Statements<TableSql>,
    end: Timestamp,
    units: &[(u64, Vec<Operation>)],
) -> Result<(), PortError> {
    for (sequence, operations) in units {
        let operations = without_expectations(operations);
        let mut rows = Rows { connection, statements };
        let mut references = References::default();
        for (place, operation) in operations.iter().enumerate() {
            rows.carry_out(operation, order(*sequence, place), *sequence, &mut references).map_err(
                |stop| match stop {
                    Stop::Failed(error) => error,
                    Stop::Refused(_) => misfit(*sequence, operation.table().name),
                },
            )?;
        }
        references.write(connection, end).map_err(failed("write references"))?;
    }
    Ok(())
}
