//! Traces whose place in the ledger is not final yet.

use strongroom_kernel::{Kind, Snapshot, Uuid, Value, ports::Reach};
use strongroom_model::Error;

use super::{
    rows::{PER_UNIT, count, parameters},
    trace::named,
};
use crate::{tables::Trace, wire::trace::NamedTrace};

/// At most `limit` traces of units from `sequence` on, the oldest first, each with the sequence of its unit; only the one
/// of the cache entry `entry` if one is named.
///
/// # Errors
/// `Unavailable`.
pub async fn pending_traces(
    snapshot: &Snapshot,
    sequence: u64,
    entry: Option<Uuid>,
    limit: u64,
) -> Result<Vec<(u64, NamedTrace)>, Error> {
    let number = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let mut params = vec![number(sequence.saturating_mul(PER_UNIT)), number(limit)];
    let only = if entry.is_some() { "AND entry = $3 " } else { "" };
    params.extend(entry.map(Value::Id));
    let rest = format!("WHERE row_order >= $1 {only}ORDER BY row_order LIMIT $2");
    let traces = snapshot.select::<Trace>(&rest, &params, Reach::Scan).await?;
    with_sequences(snapshot, traces).await
}

/// The traces of these ids, each with the sequence of its unit, the oldest first.
///
/// # Errors
/// `Unavailable`.
pub async fn traces_in_order(snapshot: &Snapshot, ids: &[Uuid]) -> Result<Vec<(u64, NamedTrace)>, Error> {
    let mut traces = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(500) {
        let rest = format!("WHERE id IN ({}) ORDER BY row_order", parameters(1, chunk.len()));
        let params: Vec<Value> = chunk.iter().copied().map(Value::Id).collect();
        let chunk = snapshot.select::<Trace>(&rest, &params, Reach::Scan).await?;
        traces.extend(with_sequences(snapshot, chunk).await?);
    }
    Ok(traces)
}

async fn with_sequences(snapshot: &Snapshot, traces: Vec<Trace>) -> Result<Vec<(u64, NamedTrace)>, Error> {
    if traces.is_empty() {
        return Ok(Vec::new());
    }
    let mut sequences = Vec::with_capacity(traces.len());
    for chunk in traces.chunks(500) {
        let sql = format!(
            "SELECT row_order FROM tracer_trace WHERE id IN ({}) ORDER BY row_order",
            parameters(1, chunk.len())
        );
        let params: Vec<Value> = chunk.iter().map(|trace| Value::Id(trace.id)).collect();
        for row in snapshot.query(&sql, &params, &[Kind::Int], Reach::Point).await? {
            sequences.push(count(row.first())? / PER_UNIT);
        }
    }
    let named = named(snapshot, traces).await?;
    Ok(sequences.into_iter().zip(named).collect())
}
