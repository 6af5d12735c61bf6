//! The services' tables made again from the records, with the same code by which verification reads them.

use strongroom_model::{Digest, Error, ErrorKind, Timestamp};
use uuid::Uuid;

use crate::{
    error::from_port,
    ports::{Database, PortError},
    progress::Progress,
    record::{self, OpenedOperation},
    row::{Column, Kind, Schema, Table, TextList, Value},
    unit::Operation,
};

/// Records of one step.
const PAGE: usize = 1_000;

/// Empties the tables of `schemas`, carries out every recorded operation again and makes the index of terms again.
///
/// Returns how many records were read. Nothing else may run meanwhile. After an error it can be started again.
///
/// # Errors
/// `Internal` when a record does not open or does not fit; `Unavailable`, `StorageFull`.
pub async fn rebuild(
    database: &dyn Database,
    schemas: &[Schema],
    progress: &dyn Progress,
) -> Result<u64, Error> {
    let tables: Vec<&'static Table> =
        schemas.iter().flat_map(|schema| schema.tables.iter().copied()).collect();
    let size = database.head().await.map_err(from_port)?.size;
    progress.begin("records", size);
    database.clear_tables(&tables).await.map_err(from_port)?;
    let find = |name: &str| tables.iter().copied().find(|table| table.name == name);
    let mut next = 0;
    while next < size {
        let page = database.records(next, PAGE).await.map_err(from_port)?;
        if page.is_empty() {
            return Err(Error::new(ErrorKind::Internal, format!("record {next} is missing")));
        }
        next += page.len() as u64;
        progress.advance(page.len() as u64);
        let mut units = Vec::with_capacity(page.len());
        for stored in &page {
            let opened = record::open(stored, &find).map_err(broken)?;
            let operations = opened
                .operations
                .into_iter()
                .enumerate()
                .map(|(place, operation)| whole(operation, &format!("{}/{place}", opened.sequence)));
            let operations: Vec<Operation> = operations.collect();
            if !operations.is_empty() {
                units.push((opened.sequence, operations));
            }
        }
        database.replay(units).await.map_err(from_port)?;
    }
    crate::index::rebuild(database, progress).await.map_err(from_port)?;
    Ok(next)
}

/// The operation, with something in place of what was erased: the unit of the erasure removed the row or put it
/// without these values, and comes later. Different in each place, so that no unique constraint minds.
fn whole(operation: OpenedOperation, place: &str) -> Operation {
    match operation {
        OpenedOperation::Whole(operation) => operation,
        OpenedOperation::Erased { table, values, expectation } => {
            let stand_in = |(column, value): (&Column, Option<Value>)| match value {
                Some(value) => value,
                None if column.nullable => Value::Null,
                None => stand_in(column.kind, place),
            };
            let values = table.columns.iter().zip(values).map(stand_in).collect();
            Operation::Put { table, values, expectation }
        }
    }
}

fn stand_in(kind: Kind, place: &str) -> Value {
    let digest = Digest::of(place.as_bytes());
    let id = digest.as_bytes().first_chunk::<16>().map_or(Uuid::nil(), |bytes| Uuid::from_bytes(*bytes));
    // 53 bits, as integers and times have them
    let number = i64::try_from(id.as_u64_pair().0 >> 12).unwrap_or_default();
    match kind {
        Kind::Bool => Value::Bool(false),
        Kind::Int => Value::Int(number),
        Kind::Text => Value::Text(digest.to_string()),
        Kind::Bytes => Value::Bytes(digest.as_bytes().to_vec()),
        Kind::Id => Value::Id(id),
        Kind::Digest => Value::Digest(digest),
        Kind::Time => Value::Time(Timestamp::from_micros(number).unwrap_or(Timestamp::UNIX_EPOCH)),
        Kind::Json => Value::Json(format!("\"{digest}\"")),
        Kind::TextList => Value::TextList(TextList(vec![digest.to_string()])),
    }
}

fn broken(error: PortError) -> Error {
    Error::new(ErrorKind::Internal, error.to_string()).with_source(error)
}
