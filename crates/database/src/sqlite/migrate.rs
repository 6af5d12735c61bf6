//! Applies migrations to a SQLite file.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};
use strongroom_kernel::{Migration, Schema, ports::PortError};

use crate::{
    dialect::{Dialect, question_marks},
    migrate::{self, ADD_APPLIED, APPLIED, AppliedMigration, HISTORY, check_complete, pending},
};

use super::{
    SqliteOptions, connection,
    error::{failed, port_error},
};

/// The tables behind the port itself; those that units write belong to kernel and services.
const OWN: Schema = Schema {
    service: migrate::OWN,
    tables: &[],
    migrations: &[
        Migration { version: 1, name: "tables", sql: include_str!("../../migrations/sqlite_1.sql") },
        Migration { version: 2, name: "terms", sql: include_str!("../../migrations/sqlite_2.sql") },
    ],
};

/// Applies what is missing and returns it.
pub(super) fn apply(
    connection: &mut Connection,
    schemas: &[Schema],
) -> Result<Vec<AppliedMigration>, PortError> {
    connection.execute_batch(HISTORY).map_err(failed("make the table of migrations"))?;
    let mut applied = Vec::new();
    for schema in [OWN].iter().chain(schemas) {
        let history = history(connection)?;
        for migration in pending(schema, &history)? {
            applied.push(apply_one(connection, schema.service, migration)?);
        }
    }
    Ok(applied)
}

fn apply_one(
    connection: &mut Connection,
    service: &str,
    migration: &Migration,
) -> Result<AppliedMigration, PortError> {
    let failed = |error| {
        port_error(format!("apply migration {} ({}) of {service}", migration.version, migration.name), error)
    };
    let sql = Dialect::Sqlite.fill(migration.sql)?;
    let step = AppliedMigration::of(service, migration);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    transaction.execute_batch(&sql).map_err(failed)?;
    transaction
        .execute(
            &question_marks(ADD_APPLIED),
            params![step.service, step.version, step.name, step.checksum, step.expands],
        )
        .map_err(failed)?;
    transaction.commit().map_err(failed)?;
    tracing::info!(service, version = migration.version, name = migration.name, "migration applied");
    Ok(step)
}

/// Checks that all migrations are applied, without changing anything.
pub(super) fn check(path: &Path, schemas: &[Schema]) -> Result<(), PortError> {
    match path.try_exists() {
        Ok(true) => {}
        Ok(false) => return Err(PortError::missing(format!("open {}: no such file", path.display()))),
        Err(error) => return Err(PortError::io(format!("open {}", path.display()), error)),
    }
    let connection = connection::open_reader(path, &SqliteOptions::default())?;
    let history = history(&connection)?;
    let tables = tables(&connection).map_err(failed("read the names of tables"))?;
    check_complete(&[OWN], &history, &tables)?;
    check_complete(schemas, &history, &tables)
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

fn history(connection: &Connection) -> Result<Vec<AppliedMigration>, PortError> {
    let read = || {
        let mut statement = connection.prepare(APPLIED)?;
        let rows = statement.query_map([], |row| {
            Ok(AppliedMigration {
                service: row.get(0)?,
                version: row.get(1)?,
                name: row.get(2)?,
                checksum: row.get(3)?,
                expands: row.get(4)?,
            })
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(failed("read the history of migrations"))
}
