//! The services' tables made again from the records, with the same code by which verification reads them.

use strongroom_model::{Error, ErrorKind};

use crate::{
    error::from_port,
    ports::{Database, PortError},
    record::{self, OpenedOperation},
    row::{Schema, Table},
    unit::Operation,
    verify::Progress,
};

/// Records of one step.
const PAGE: usize = 1_000;

/// Empties the tables of `schemas` and carries out every recorded operation again; returns how many records
/// were read. Nothing else may run meanwhile. After an error it can be started again.
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
            let operations =
                opened.operations.into_iter().map(whole).collect::<Result<Vec<_>, _>>().map_err(broken)?;
            if !operations.is_empty() {
                units.push((opened.sequence, operations));
            }
        }
        database.replay(units).await.map_err(from_port)?;
    }
    Ok(next)
}

fn whole(operation: OpenedOperation) -> Result<Operation, PortError> {
    match operation {
        OpenedOperation::Whole(operation) => Ok(operation),
        OpenedOperation::Erased { table, .. } => {
            Err(PortError::corrupt(format!("a row of {} cannot be made again: values are gone", table.name)))
        }
    }
}

fn broken(error: PortError) -> Error {
    Error::new(ErrorKind::Internal, error.to_string()).with_source(error)
}
