//! The statements of one table, with those that PostgreSQL does without looking first.
//!
//! On SQLite the writer reads a row's reference before it changes it. Here every read would be a trip to the
//! server, so that references are counted by statements that look themselves.

use std::fmt::Write as _;

use strongroom_kernel::{ContentColumns, Table};

use crate::statements::TableSql;

/// The statements of one table.
#[derive(Debug)]
pub(super) struct PostgresTable {
    pub(super) sql: TableSql,
    /// Key; touches one row when it is there.
    pub(super) present: String,
    /// Key, version; touches one row when it is there in this version.
    pub(super) in_version: String,
    /// Key, time; drops the reference of the row that is there now. Empty for tables without content.
    pub(super) drop_reference: String,
}

impl PostgresTable {
    pub(super) fn of(table: &Table) -> Self {
        let sql = TableSql::of(table);
        let present = sql.version.clone();
        let in_version = format!("{present} AND row_version = ${}", table.key.len() + 1);
        let drop_reference = table.content.map_or_else(String::new, |content| drop_reference(table, content));
        Self { sql, present, in_version, drop_reference }
    }
}

fn drop_reference(table: &Table, content: ContentColumns) -> String {
    let mut sql = format!(
        "UPDATE kernel_content AS c SET refs = GREATEST(c.refs - 1, 0), \
         unreferenced_since = CASE WHEN c.refs <= 1 THEN ${}::bigint END FROM {} AS r \
         WHERE c.domain = r.{} AND c.digest = r.{}",
        table.key.len() + 1,
        table.name,
        content.domain,
        content.digest,
    );
    for (place, column) in table.key.iter().enumerate() {
        write!(sql, " AND r.{column} = ${}", place + 1).expect("writing to a string succeeds");
    }
    sql
}
