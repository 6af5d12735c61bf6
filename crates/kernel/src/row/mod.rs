//! Rows: values, tables and the typed structs that services declare once in `tables.rs`.
//!
//! How rows are written in SQL is the business of `strongroom-database`; how they stand in records, of
//! [`crate::record`].

mod column;
mod declare;
mod table;
mod value;

pub use column::{ColumnType, Json};
pub use table::{Column, ContentColumns, MAX_SAFE_INTEGER, Migration, Row, Schema, Table, Unique};
pub use value::{Kind, TextList, Value};
