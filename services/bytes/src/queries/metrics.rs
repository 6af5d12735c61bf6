//! Counts: organisations with their files, labels with theirs.

use strongroom_kernel::{Kind, Snapshot, Value, ports::Reach};
use strongroom_model::Error;

use super::{
    label_sets,
    raw_filter::RawFilter,
    sql::{Statement, undecodable},
};
use crate::tables::Organization;

/// All organisations with raw files, in the order they were first seen.
///
/// # Errors
/// `Unavailable`.
pub async fn organizations(snapshot: &Snapshot) -> Result<Vec<Organization>, Error> {
    snapshot.select("ORDER BY row_order", &[], Reach::Scan).await
}

/// How many of the files that `filter` names bear each label, in the order the labels were first met.
///
/// # Errors
/// `Unavailable`.
pub async fn count_mime_types(snapshot: &Snapshot, filter: &RawFilter) -> Result<Vec<(String, i64)>, Error> {
    let mut statement = Statement::new("SELECT raw.mime_types, COUNT(*) FROM bytes_raw_file raw");
    filter.apply(&mut statement);
    if let Some(sets) = label_sets::find(snapshot, filter).await? {
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        // A set has the same labels in every organisation.
        let (domains, sets): (Vec<Value>, Vec<Value>) = sets.into_iter().unzip();
        statement.one_of("raw.domain", domains.into_iter());
        statement.one_of("raw.tag_set", sets.into_iter());
    }
    statement.push(" GROUP BY raw.mime_types ORDER BY MIN(raw.row_order)");
    let kinds = [Kind::TextList, Kind::Int];
    let rows = snapshot.query(&statement.text, &statement.params, &kinds, Reach::Scan).await?;
    let mut places = std::collections::HashMap::new();
    let mut counts: Vec<(String, i64)> = Vec::new();
    for mut values in rows {
        let (Some(Value::Int(files)), Some(Value::TextList(mime_types))) = (values.pop(), values.pop())
        else {
            return Err(undecodable());
        };
        for mime_type in mime_types.0 {
            let place = *places.entry(mime_type.clone()).or_insert_with(|| {
                counts.push((mime_type, 0));
                counts.len() - 1
            });
            counts[place].1 += files;
        }
    }
    Ok(counts)
}
