//! Counts that are kept beside the traces.

use std::collections::HashSet;

use strongroom_kernel::{Kind, Snapshot, Value, ports::Reach};
use strongroom_model::Error;

use super::rows::{parameters, text};

/// Which of the folded `datasets` have a count of `action` already.
///
/// # Errors
/// `Unavailable`.
pub async fn counted_datasets(
    snapshot: &Snapshot,
    action: &str,
    datasets: &[String],
) -> Result<HashSet<String>, Error> {
    if datasets.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = format!(
        "SELECT folded FROM tracer_dataset_tally WHERE action = $1 AND folded IN ({})",
        parameters(2, datasets.len())
    );
    let mut params = vec![Value::Text(action.to_owned())];
    params.extend(datasets.iter().cloned().map(Value::Text));
    let rows = snapshot.query(&sql, &params, &[Kind::Text], Reach::Point).await?;
    let mut counted = HashSet::with_capacity(rows.len());
    for row in rows {
        counted.extend(text(row.into_iter().next())?);
    }
    Ok(counted)
}
