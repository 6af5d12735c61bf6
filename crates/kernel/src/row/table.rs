//! What a service says once about each of its tables.

use crate::ports::PortError;

use super::{Kind, Value};

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in SQL and in records.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// May it be null?
    pub nullable: bool,
    /// Does it hold personal data? Then records keep a commitment in place of the value.
    pub personal: bool,
    /// Is it a number that units bump? Only then may they.
    pub counter: bool,
}

/// A constraint over several columns that the database holds; refused as `label`.
///
/// Where its index is over expressions instead of columns, the index is named `<table>_<label>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unique {
    /// The word a command gets when a unit breaks it.
    pub label: &'static str,
    /// The columns, in the order of the index.
    pub columns: &'static [&'static str],
}

/// The two columns by which a row refers to content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentColumns {
    /// Text column with the printed [`strongroom_model::Domain`].
    pub domain: &'static str,
    /// Digest column; null where the row refers to nothing.
    pub digest: &'static str,
}

/// One table of a service, named `<service>_<noun>`.
///
/// The database adds two columns to every table: `row_order` (position of the row's first put in the
/// order of commits: sequence × 1024 + place among the operations of its unit that write) and `row_version` (sequence of the unit that
/// last wrote it). Queries may read and sort by them; only a commit writes them.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name in SQL and in records.
    pub name: &'static str,
    /// All columns, in the order of a row's values.
    pub columns: &'static [Column],
    /// The columns of the primary key; never nullable, never personal.
    pub key: &'static [&'static str],
    /// Further unique constraints.
    pub uniques: &'static [Unique],
    /// How its rows refer to content, if they do.
    pub content: Option<ContentColumns>,
}

impl Table {
    /// Place of the column `name` among the values of a row.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The key of a row with these values, in the order of [`Table::key`].
    ///
    /// # Panics
    /// When `values` is shorter than the columns, or the declaration names an unknown key column.
    pub fn key_of(&self, values: &[Value]) -> Vec<Value> {
        self.key
            .iter()
            .map(|name| values[self.position(name).expect("key columns are columns")].clone())
            .collect()
    }

    /// Checks values against the columns: count, kinds, nulls, NUL characters, range of integers.
    ///
    /// # Errors
    /// A text naming table and column.
    pub fn check(&self, values: &[Value]) -> Result<(), String> {
        if values.len() != self.columns.len() {
            return Err(format!("{}: {} values for {} columns", self.name, values.len(), self.columns.len()));
        }
        for (column, value) in self.columns.iter().zip(values) {
            let wrong = |what: &str| Err(format!("{}.{}: {what}", self.name, column.name));
            match value.kind() {
                None if column.nullable => {}
                None => return wrong("null in a column that is not nullable"),
                Some(kind) if kind != column.kind => return wrong("value of another kind"),
                Some(_) => {}
            }
            match value {
                Value::Text(text) | Value::Json(text) if text.contains('\0') => {
                    return wrong("NUL character in a text");
                }
                Value::TextList(list) if list.0.iter().any(|text| text.contains('\0')) => {
                    return wrong("NUL character in a text");
                }
                Value::Int(number) if number.unsigned_abs() > MAX_SAFE_INTEGER => {
                    return wrong("integer beyond 2^53 - 1");
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Largest magnitude of [`Kind::Int`]: what RFC 8785 (by way of IEEE 754) carries exactly.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// A typed row of one table; declared with [`crate::table!`].
pub trait Row: Sized + Send + Sync {
    /// Its table.
    const TABLE: &'static Table;

    /// The values, in the order of the table's columns.
    fn values(&self) -> Vec<Value>;

    /// The row behind these values.
    ///
    /// # Errors
    /// [`crate::ports::PortErrorKind::Corrupt`] naming table and column when a value does not fit.
    fn from_values(values: Vec<Value>) -> Result<Self, PortError>;
}

/// One step of a service's schema. An applied step is never edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Counts from 1 within the service.
    pub version: u32,
    /// What it does, in snake case.
    pub name: &'static str,
    /// The text, with `{bool} {int} {text} {bytes} {id} {digest} {time} {json} {list}` for column types and
    /// `{row}` for the two columns every table gets (`row_order` with a unique index), filled in by dialect.
    pub sql: &'static str,
}

impl Migration {
    /// What the first line of a step's text begins with when programs that do not know it can go on beside it.
    pub const EXPAND: &'static str = "-- expand:";

    /// Whether programs that do not know this step can read and write on: it only adds tables, indexes and columns
    /// that may be null.
    pub fn expands(&self) -> bool {
        self.sql.starts_with(Self::EXPAND)
    }
}

/// Tables and migrations of one service.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// Name of the service; prefix of its tables.
    pub service: &'static str,
    /// All its tables.
    pub tables: &'static [&'static Table],
    /// Its migrations, in order.
    pub migrations: &'static [Migration],
}
