//! Applies migrations to a PostgreSQL database.

use strongroom_kernel::{Migration, Schema, ports::PortError};
use tokio_postgres::{Client, IsolationLevel};

use crate::{
    dialect::Dialect,
    migrate::{self, ADD_APPLIED, APPLIED, AppliedMigration, HISTORY, check_complete, pending},
};

use super::{
    connection::Target,
    error::{failed, port_error},
};

/// The tables behind the port itself; those that units write belong to kernel and services.
const OWN: Schema = Schema {
    service: migrate::OWN,
    tables: &[],
    migrations: &[
        Migration { version: 1, name: "tables", sql: include_str!("../../migrations/postgres_1.sql") },
        Migration { version: 2, name: "terms", sql: include_str!("../../migrations/postgres_2.sql") },
        Migration { version: 3, name: "objects", sql: include_str!("../../migrations/postgres_3.sql") },
    ],
};
/// One process migrates at a time.
const LOCK: &str = "SELECT pg_advisory_xact_lock(8319400234578961001)";
const TABLES: &str = "SELECT tablename::text FROM pg_tables WHERE schemaname = ANY (current_schemas(false))";

/// Applies what is missing and returns it.
pub(super) async fn apply(target: &Target, schemas: &[Schema]) -> Result<Vec<AppliedMigration>, PortError> {
    let mut client = target.connect().await?;
    check_encoding(&client).await?;
    // two that begin at once would both find the table missing
    let first = format!("BEGIN; {LOCK}; {HISTORY}; COMMIT");
    client.batch_execute(&first).await.map_err(failed("make the table of migrations"))?;
    let mut applied = Vec::new();
    for schema in [OWN].iter().chain(schemas) {
        while let Some(step) = apply_next(&mut client, schema).await? {
            applied.push(step);
        }
    }
    Ok(applied)
}

async fn check_encoding(client: &Client) -> Result<(), PortError> {
    let row = client.query_one("SHOW server_encoding", &[]).await.map_err(failed("read the encoding"))?;
    match row.try_get(0).map_err(failed("read the encoding"))? {
        "UTF8" => Ok(()),
        other => Err(PortError::refused(format!("the database's encoding is {other}, not UTF8"))),
    }
}

/// Applies the first missing step of `schema`; the history is read under the lock.
async fn apply_next(client: &mut Client, schema: &Schema) -> Result<Option<AppliedMigration>, PortError> {
    let begin = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start();
    let transaction = begin.await.map_err(failed("begin a migration"))?;
    transaction.batch_execute(LOCK).await.map_err(failed("wait for other migrations"))?;
    let history = history(transaction.client()).await?;
    let Some(migration) = pending(schema, &history)?.first() else { return Ok(None) };
    let service = schema.service;
    let failed = |error| {
        port_error(format!("apply migration {} ({}) of {service}", migration.version, migration.name), error)
    };
    let step = AppliedMigration::of(service, migration);
    transaction.batch_execute(&Dialect::Postgres.fill(migration.sql)?).await.map_err(failed)?;
    let version = i32::try_from(step.version).map_err(|error| {
        PortError::refused(format!("{service} has too many migrations")).with_source(error)
    })?;
    transaction
        .execute(
            ADD_APPLIED,
            &[&step.service, &version, &step.name, &step.checksum, &i32::from(step.expands)],
        )
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    tracing::info!(service, version = migration.version, name = migration.name, "migration applied");
    Ok(Some(step))
}

/// Checks that all migrations are applied, without changing anything.
pub(super) async fn check(target: &Target, schemas: &[Schema]) -> Result<(), PortError> {
    let client = target.connect().await?;
    check_encoding(&client).await?;
    let history = history(&client).await?;
    let rows = client.query(TABLES, &[]).await.map_err(failed("read the names of tables"))?;
    let names = rows.iter().map(|row| row.try_get(0).map_err(failed("read the names of tables")));
    let tables = names.collect::<Result<Vec<String>, _>>()?;
    check_complete(&[OWN], &history, &tables)?;
    check_complete(schemas, &history, &tables)
}

async fn history(client: &Client) -> Result<Vec<AppliedMigration>, PortError> {
    let failed = failed("read the history of migrations");
    let rows = client.query(APPLIED, &[]).await.map_err(&failed)?;
    rows.iter()
        .map(|row| {
            let version: i32 = row.try_get(1).map_err(&failed)?;
            Ok(AppliedMigration {
                service: row.try_get(0).map_err(&failed)?,
                version: version.unsigned_abs(),
                name: row.try_get(2).map_err(&failed)?,
                checksum: row.try_get(3).map_err(&failed)?,
                expands: row.try_get::<_, i32>(4).map_err(&failed)? != 0,
            })
        })
        .collect()
}
