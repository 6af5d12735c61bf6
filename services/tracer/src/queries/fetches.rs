//! Files of resources that are given by their address: those on their way, and what was found of others.

use std::collections::HashMap;

use strongroom_kernel::{Json, Kind, Snapshot, Uuid, Value, ports::Reach};
use strongroom_model::Error;

use super::rows::{count, parameters};
use crate::{
    tables::{FAILED, FETCHED, FETCHING, ResourceFetch, Trace},
    wire::{instant::iso, resource::Resource},
};

/// Ids of one statement.
const CHUNK: usize = 500;

/// At most `limit` files that are still to be fetched, the first due first.
///
/// # Errors
/// `Unavailable`.
pub async fn waiting_fetches(snapshot: &Snapshot, limit: u64) -> Result<Vec<ResourceFetch>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let params = [Value::Text(FETCHING.to_owned()), Value::Int(limit)];
    let rest = "WHERE state = $1 ORDER BY due, row_order LIMIT $2";
    snapshot.select::<ResourceFetch>(rest, &params, Reach::Point).await
}

/// Whether `most` files or more are still to be fetched.
///
/// # Errors
/// `Unavailable`.
pub async fn are_too_many_waiting(snapshot: &Snapshot, most: u64) -> Result<bool, Error> {
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let sql = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM tracer_fetch WHERE state = $1 LIMIT $2) AS waiting";
    let params = [Value::Text(FETCHING.to_owned()), Value::Int(limit)];
    let rows = snapshot.query(sql, &params, &[Kind::Int], Reach::Scan).await?;
    Ok(count(rows.first().and_then(|row| row.first()))? >= most)
}

/// At most `limit` files that are on their way, the first due first, and as many that were given up, the last first.
///
/// So no number of old failures hides what is under way. Those of the cache entry `entry` alone if one is named.
///
/// # Errors
/// `Unavailable`.
pub async fn unfinished_fetches(
    snapshot: &Snapshot,
    entry: Option<Uuid>,
    limit: u64,
) -> Result<Vec<ResourceFetch>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let only = if entry.is_some() {
        "AND EXISTS (SELECT 1 FROM tracer_trace AS t WHERE t.id = tracer_fetch.trace AND t.entry = $3) "
    } else {
        ""
    };
    let mut files = Vec::new();
    for (state, order) in [(FETCHING, "due, row_order"), (FAILED, "due DESC, row_order DESC")] {
        let mut params = vec![Value::Text(state.to_owned()), Value::Int(limit)];
        params.extend(entry.map(Value::Id));
        let rest = format!("WHERE state = $1 {only}ORDER BY {order} LIMIT $2");
        files.extend(snapshot.select::<ResourceFetch>(&rest, &params, Reach::Scan).await?);
    }
    Ok(files)
}

/// Adds what was found of remote files to the resources of `traces`.
pub(super) async fn with_files(snapshot: &Snapshot, traces: &mut [Trace]) -> Result<(), Error> {
    // only what is given by its address has a digest of it
    let has_remote =
        |trace: &Trace| trace.resources.as_ref().is_some_and(|list| list.0.contains("\"pathHash\""));
    let ids: Vec<Uuid> = traces.iter().filter(|trace| has_remote(trace)).map(|trace| trace.id).collect();
    let mut files: HashMap<Uuid, Vec<ResourceFetch>> = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rest = format!("WHERE state = $1 AND trace IN ({})", parameters(2, chunk.len()));
        let mut params = vec![Value::Text(FETCHED.to_owned())];
        params.extend(chunk.iter().copied().map(Value::Id));
        for file in snapshot.select::<ResourceFetch>(&rest, &params, Reach::Scan).await? {
            files.entry(file.trace).or_default().push(file);
        }
    }
    for trace in traces {
        if let (Some(found), Some(list)) = (files.get(&trace.id), &mut trace.resources) {
            fill(list, found);
        }
    }
    Ok(())
}

fn fill(list: &mut Json, files: &[ResourceFetch]) {
    let Ok(mut resources) = serde_json::from_str::<Vec<Resource>>(&list.0) else { return };
    for file in files {
        let place = usize::try_from(file.place).ok();
        let Some(resource) = place.and_then(|place| resources.get_mut(place)) else { continue };
        resource.content_hash.clone_from(&file.content_hash);
        resource.content_hash_type.clone_from(&file.content_hash_type);
        resource.content_length = file.content_length;
        resource.source_hash.clone_from(&file.source_hash);
        resource.fetched = Some(iso(file.changed));
    }
    if let Ok(text) = serde_json::to_string(&resources) {
        list.0 = text;
    }
}
