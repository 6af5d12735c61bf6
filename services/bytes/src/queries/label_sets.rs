//! Finds raw files by their labels: by way of the sets of labels that there are.
//!
//! Labels stand in one column that no index reads. But files have few different sets of them, each with a digest, and
//! the index over organisation and digest leads from one set to the next without reading what lies between. Where
//! there are more sets than it pays to visit, the rows are read one by one, as without labels.

use std::collections::BTreeSet;

use strongroom_kernel::{Kind, Snapshot, Value, ports::Reach};
use strongroom_model::Error;

use super::{raw_filter::RawFilter, sql::undecodable};
use crate::tables::domain;

/// Organisations whose sets are visited for one request.
const MOST_DOMAINS: usize = 64;
/// Sets that are visited for one request.
const MOST_SETS: usize = 1_000;
/// Sets that are found for one request: SQLite takes at most 500 questions in one.
const MOST_FOUND: usize = 200;
/// Parameters of one statement: SQLite takes 32,766, and each set comes with those of the filter.
const MOST_PARAMETERS: usize = 30_000;

/// From each organisation to the next.
const DOMAINS: &str = "WITH RECURSIVE known (domain) AS ( \
    SELECT domain FROM (SELECT domain FROM bytes_raw_file ORDER BY domain LIMIT 1) AS first \
    UNION ALL \
    SELECT (SELECT next.domain FROM bytes_raw_file next WHERE next.domain > known.domain \
        ORDER BY next.domain LIMIT 1) FROM known WHERE known.domain IS NOT NULL \
    ) SELECT domain FROM known WHERE domain IS NOT NULL LIMIT $1";

/// From each set of labels of an organisation to the next, with the labels of one of its files.
const SETS: &str = "WITH RECURSIVE known (tag_set) AS ( \
    SELECT tag_set FROM (SELECT tag_set FROM bytes_raw_file WHERE domain = $1 ORDER BY tag_set LIMIT 1) AS first \
    UNION ALL \
    SELECT (SELECT next.tag_set FROM bytes_raw_file next WHERE next.domain = $1 AND next.tag_set > known.tag_set \
        ORDER BY next.tag_set LIMIT 1) FROM known WHERE known.tag_set IS NOT NULL \
    ) SELECT known.tag_set, (SELECT raw.mime_types FROM bytes_raw_file raw WHERE raw.domain = $1 \
        AND raw.tag_set = known.tag_set LIMIT 1) FROM known WHERE known.tag_set IS NOT NULL LIMIT $2";

/// An organisation's domain and the digest of a set of labels, as parameters.
pub(super) type LabelSet = (Value, Value);

/// The sets that have all labels of `filter`, within its organisations. `None` where it asks for no labels, where
/// a job or ids lead to few rows, or where there are too many sets.
///
/// # Errors
/// `Unavailable`.
pub(super) async fn find(snapshot: &Snapshot, filter: &RawFilter) -> Result<Option<Vec<LabelSet>>, Error> {
    let labels: BTreeSet<&String> = filter.mime_types.iter().collect();
    if labels.is_empty() || filter.is_narrow() || !filter.raw_ids.is_empty() {
        return Ok(None);
    }
    // besides: organisation, digest, beginning, limit
    let parameters_of_one = labels.len() + filter.organizations.len() + 4;
    let most_found = MOST_FOUND.min(MOST_PARAMETERS / parameters_of_one);
    let domains = domains(snapshot, filter).await?;
    if domains.len() > MOST_DOMAINS {
        return Ok(None);
    }
    let (mut visited, mut found) = (0, Vec::new());
    for domain in domains {
        let limit = number(MOST_SETS - visited + 1);
        let kinds = [Kind::Digest, Kind::TextList];
        for row in snapshot.query(SETS, &[domain.clone(), limit], &kinds, Reach::Scan).await? {
            let [set @ Value::Digest(_), Value::TextList(list)] = row.as_slice() else {
                return Err(undecodable());
            };
            visited += 1;
            if labels.iter().all(|label| list.0.contains(label)) {
                found.push((domain.clone(), set.clone()));
            }
        }
        if visited > MOST_SETS || found.len() > most_found {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

async fn domains(snapshot: &Snapshot, filter: &RawFilter) -> Result<Vec<Value>, Error> {
    if !filter.organizations.is_empty() {
        let organizations: BTreeSet<&String> = filter.organizations.iter().collect();
        let domain = |of: &String| Value::Text(domain(of).as_str().to_owned());
        return Ok(organizations.into_iter().map(domain).collect());
    }
    let rows = snapshot.query(DOMAINS, &[number(MOST_DOMAINS + 1)], &[Kind::Text], Reach::Scan).await?;
    rows.into_iter().map(|mut row| row.pop().ok_or_else(undecodable)).collect()
}

fn number(count: usize) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}
