//! Traces by id, with the names of their persons.

use std::collections::HashMap;

use strongroom_kernel::{Kind, Snapshot, Uuid, Value, ports::Reach};
use strongroom_model::Error;

use super::{
    fetches::with_files,
    rows::{PER_UNIT, count, id, parameters, text},
};
use crate::{tables::Trace, wire::trace::NamedTrace};

/// Ids of one statement.
const CHUNK: usize = 500;

/// The trace of that id.
///
/// # Errors
/// `Unavailable`.
pub async fn find_trace(snapshot: &Snapshot, trace: Uuid) -> Result<Option<NamedTrace>, Error> {
    match snapshot.find::<Trace>(&[Value::Id(trace)]).await? {
        Some(trace) => Ok(named(snapshot, vec![trace]).await?.pop()),
        None => Ok(None),
    }
}

/// The sequence of the unit that added the trace.
///
/// # Errors
/// `Unavailable`.
pub async fn sequence_of(snapshot: &Snapshot, trace: Uuid) -> Result<Option<u64>, Error> {
    let sql = "SELECT row_order FROM tracer_trace WHERE id = $1";
    let rows = snapshot.query(sql, &[Value::Id(trace)], &[Kind::Int], Reach::Point).await?;
    rows.first().map(|row| Ok(count(row.first())? / PER_UNIT)).transpose()
}

/// `traces` with the names of their persons and what was found of their remote files, in the same order.
///
/// # Errors
/// `Unavailable`.
pub async fn named(snapshot: &Snapshot, mut traces: Vec<Trace>) -> Result<Vec<NamedTrace>, Error> {
    with_files(snapshot, &mut traces).await?;
    let mut persons: Vec<Uuid> =
        traces.iter().flat_map(|trace| [trace.user_id, trace.caller_id]).filter(|id| !id.is_nil()).collect();
    persons.sort_unstable();
    persons.dedup();
    let mut names: HashMap<Uuid, Option<String>> = HashMap::with_capacity(persons.len());
    for chunk in persons.chunks(CHUNK) {
        let sql = format!("SELECT id, name FROM tracer_person WHERE id IN ({})", parameters(1, chunk.len()));
        let params: Vec<Value> = chunk.iter().copied().map(Value::Id).collect();
        for row in snapshot.query(&sql, &params, &[Kind::Id, Kind::Text], Reach::Point).await? {
            let mut row = row.into_iter();
            names.insert(id(row.next().as_ref())?, text(row.next())?);
        }
    }
    let name = |person: Uuid| names.get(&person).cloned().flatten();
    let named = traces.into_iter().map(|trace| NamedTrace {
        user: name(trace.user_id),
        caller: name(trace.caller_id),
        trace,
    });
    Ok(named.collect())
}

/// The traces of these ids, in the order of `ids`.
pub(super) async fn in_order(snapshot: &Snapshot, ids: &[Uuid]) -> Result<Vec<NamedTrace>, Error> {
    let mut found: HashMap<Uuid, Trace> = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let rest = format!("WHERE id IN ({})", parameters(1, chunk.len()));
        let params: Vec<Value> = chunk.iter().copied().map(Value::Id).collect();
        let reach = if chunk.len() <= 50 { Reach::Point } else { Reach::Scan };
        for trace in snapshot.select::<Trace>(&rest, &params, reach).await? {
            found.insert(trace.id, trace);
        }
    }
    named(snapshot, ids.iter().filter_map(|id| found.remove(id)).collect()).await
}
