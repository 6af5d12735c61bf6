//! Reading whole tables, emptying them and filling them again from the ledger.

use deadpool_postgres::Object;
use strongroom_kernel::{
    Operation, Table,
    ports::{PortError, StoredRow},
};
use strongroom_model::Timestamp;
use tokio_postgres::types::ToSql;

use crate::{
    number::{limit as as_limit, time, unsigned},
    replay::{Filter, misfit, without_expectations},
    statements::TableSql,
};

use super::{
    error::failed,
    pipeline::{Step, run},
    session::Session,
    steps::{Demand, Plan},
    value::{Arg, decode_row},
};

const END: &str = "SELECT time FROM ledger_head";
const CLEAR_REFERENCES: &str = "UPDATE kernel_content SET refs = 0, \
    unreferenced_since = COALESCE(unreferenced_since, $1) WHERE refs > 0 OR unreferenced_since IS NULL";

/// Rows of `table`.
pub(super) async fn rows(
    client: &Object,
    table: &'static Table,
    filter: &Filter,
) -> Result<Vec<StoredRow>, PortError> {
    let failed = failed("read rows");
    let sql = TableSql::of(table);
    let (text, args) = match filter {
        Filter::Key(key) => (&sql.select_key, key.iter().map(Arg::Value).collect()),
        Filter::After { after, limit } => {
            (&sql.select_after, vec![Arg::Int(*after), Arg::Int(as_limit(*limit))])
        }
    };
    let args: Vec<_> = args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect();
    let statement = client.prepare_cached(text).await.map_err(&failed)?;
    let rows = client.query(&statement, &args).await.map_err(&failed)?;
    rows.iter()
        .map(|row| {
            Ok(StoredRow {
                order: row.try_get(0).map_err(&failed)?,
                version: unsigned(row.try_get(1).map_err(&failed)?, "the version of a row")?,
                values: decode_row(row, 2, table.columns.iter().map(|column| column.kind), table.name)?,
            })
        })
        .collect()
}

/// How many rows `table` has.
pub(super) async fn count(client: &Object, table: &'static Table) -> Result<u64, PortError> {
    let row = client.query_one(&TableSql::of(table).count, &[]).await;
    let count = row.and_then(|row| row.try_get(0)).map_err(failed("count rows"))?;
    unsigned(count, "the number of rows")
}

/// Log time of the last leaf: what is not referred to again counts as unreferenced since then.
async fn end(session: &Session) -> Result<Timestamp, PortError> {
    let row = session.client.query_one(END, &[]).await;
    time(row.and_then(|row| row.try_get(0)).map_err(failed("read the end of the ledger"))?)
}

/// Empties `tables` and the references of content.
pub(super) async fn clear(session: &mut Session, tables: &[&'static Table]) -> Result<(), PortError> {
    let failed = failed("empty tables");
    let end = end(session).await?;
    let transaction = session.client.transaction().await.map_err(&failed)?;
    for table in tables {
        transaction.execute(&format!("DELETE FROM {}", table.name), &[]).await.map_err(&failed)?;
    }
    transaction.execute(CLEAR_REFERENCES, &[&end.micros()]).await.map_err(&failed)?;
    transaction.commit().await.map_err(&failed)
}

/// Carries the operations of units out again, all or none.
pub(super) async fn replay(session: &mut Session, units: &[(u64, Vec<Operation>)]) -> Result<(), PortError> {
    let end = end(session).await?;
    let units: Vec<(u64, Vec<Operation>)> =
        units.iter().map(|(sequence, operations)| (*sequence, without_expectations(operations))).collect();
    let begin = Step { statement: session.statement("BEGIN").await?, args: Vec::new() };
    let commit = Step { statement: session.statement("COMMIT").await?, args: Vec::new() };
    let mut plan = Plan::to_replay(session, end);
    let mut owners = Vec::new();
    for (sequence, operations) in &units {
        plan.operations(operations, *sequence, &[]).await?;
        owners.resize(plan.steps.len(), *sequence);
    }
    let mut steps = vec![begin];
    let mut demands = Vec::with_capacity(plan.steps.len());
    for planned in plan.steps {
        demands.push((planned.demand, planned.table));
        steps.push(planned.step);
    }
    let mut counts = run(&session.client, steps).await.into_iter();
    counts.next().transpose().map_err(failed("begin a replay"))?;
    for ((count, (demand, table)), sequence) in counts.zip(demands).zip(owners) {
        let name = table.map_or("a row", |(table, _)| table.name);
        match (count, demand) {
            (Ok(count), Demand::Rows(wanted, _)) if count != wanted => return Err(misfit(sequence, name)),
            (Ok(_), _) => {}
            (Err(error), _) if error.code().is_some_and(|code| code.code().starts_with("23")) => {
                return Err(misfit(sequence, name).with_source(error));
            }
            (Err(error), _) => return Err(failed("replay a unit")(error)),
        }
    }
    run(&session.client, vec![commit]).await.pop().transpose().map_err(failed("commit a replay"))?;
    Ok(())
}
