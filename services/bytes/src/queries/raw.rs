//! Raw files with their scan jobs.

use strongroom_kernel::{Kind, Snapshot, Uuid, Value, ports::Reach};
use strongroom_model::{Digest, Error};

use super::{
    label_sets,
    raw_filter::RawFilter,
    sql::{Statement, columns, kinds, take, undecodable},
};
use crate::tables::{BoefjeMeta, RawFile};

/// A raw file of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its place in the order of insertion, after which the next page begins.
    pub order: i64,
    /// The file.
    pub raw: RawFile,
    /// Its job.
    pub boefje_meta: BoefjeMeta,
}

/// The raw file `id` and its job, if there is one.
///
/// # Errors
/// `Unavailable`.
pub async fn find_raw(snapshot: &Snapshot, id: Uuid) -> Result<Option<(RawFile, BoefjeMeta)>, Error> {
    let filter = RawFilter { raw_ids: vec![id], ..RawFilter::default() };
    let listed = list_raws(snapshot, &filter, -1, 1).await?.pop();
    Ok(listed.map(|Listed { raw, boefje_meta, .. }| (raw, boefje_meta)))
}

/// The place of the raw file `id` in the order of insertion, if there is one.
///
/// # Errors
/// `Unavailable`.
pub async fn order_of_raw(snapshot: &Snapshot, id: Uuid) -> Result<Option<i64>, Error> {
    let sql = "SELECT row_order FROM bytes_raw_file WHERE id = $1";
    let rows = snapshot.query(sql, &[Value::Id(id)], &[Kind::Int], Reach::Point).await?;
    match rows.first().map(Vec::as_slice) {
        None => Ok(None),
        Some([Value::Int(order)]) => Ok(Some(*order)),
        Some(_) => Err(undecodable()),
    }
}

/// At most `limit` raw files after the place `after` (-1: from the first) in the order of insertion.
///
/// # Errors
/// `Unavailable`.
pub async fn list_raws(
    snapshot: &Snapshot,
    filter: &RawFilter,
    after: i64,
    limit: u64,
) -> Result<Vec<Listed>, Error> {
    let mut statement = Statement::new(format!(
        "SELECT raw.row_order, {}, {} FROM bytes_raw_file raw \
         JOIN bytes_boefje_meta boefje ON boefje.id = raw.boefje_meta",
        columns::<RawFile>("raw"),
        columns::<BoefjeMeta>("boefje"),
    ));
    match label_sets::find(snapshot, filter).await? {
        None => filter.conditions(&mut statement, after),
        Some(sets) if sets.is_empty() => return Ok(Vec::new()),
        Some(sets) => {
            // The first rows of each set; the first of all sets are among them.
            statement.push(" WHERE raw.row_order IN (");
            for (number, (domain, set)) in sets.into_iter().enumerate() {
                statement.push(if number == 0 { "" } else { " UNION ALL " });
                statement.push("SELECT row_order FROM (SELECT raw.row_order FROM bytes_raw_file raw");
                statement.begin_conditions();
                statement.condition("raw.domain = {}", domain);
                statement.condition("raw.tag_set = {}", set);
                filter.conditions(&mut statement, after);
                statement.push(" ORDER BY raw.row_order");
                statement.page(limit, 0);
                statement.push(&format!(") AS set_{number}"));
            }
            statement.push(")");
        }
    }
    statement.push(" ORDER BY raw.row_order");
    statement.page(limit, 0);
    let kinds: Vec<Kind> =
        std::iter::once(Kind::Int).chain(kinds::<RawFile>()).chain(kinds::<BoefjeMeta>()).collect();
    let reach = if filter.is_narrow() { Reach::Point } else { Reach::Scan };
    let rows = snapshot.query(&statement.text, &statement.params, &kinds, reach).await?;
    rows.into_iter().map(listed).collect()
}

fn listed(mut values: Vec<Value>) -> Result<Listed, Error> {
    let rest = values.split_off(1);
    let [Value::Int(order)] = values[..] else { return Err(undecodable()) };
    let mut values = rest;
    let raw = take::<RawFile>(&mut values)?;
    let boefje_meta = take::<BoefjeMeta>(&mut values)?;
    Ok(Listed { order, raw, boefje_meta })
}

/// Which sets of labels the job holds files for, and their ids.
///
/// # Errors
/// `Unavailable`.
pub async fn tag_sets_of(snapshot: &Snapshot, boefje_meta: Uuid) -> Result<Vec<(Digest, Uuid)>, Error> {
    let sql = "SELECT tag_set, id FROM bytes_raw_file WHERE boefje_meta = $1";
    let rows =
        snapshot.query(sql, &[Value::Id(boefje_meta)], &[Kind::Digest, Kind::Id], Reach::Point).await?;
    rows.into_iter()
        .map(|values| match values[..] {
            [Value::Digest(tag_set), Value::Id(id)] => Ok((tag_set, id)),
            _ => Err(undecodable()),
        })
        .collect()
}

/// A raw file that waits for its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the order of waiting.
    pub order: i64,
    /// The file.
    pub raw_file: Uuid,
    /// What is to be proven.
    pub secure_hash: Option<String>,
}

/// At most `limit` raw files that wait for their proof, after the place `after` (-1: from the first).
///
/// # Errors
/// `Unavailable`.
pub async fn pending_proofs(snapshot: &Snapshot, after: i64, limit: u64) -> Result<Vec<Waiting>, Error> {
    let mut statement = Statement::new(
        "SELECT pending.row_order, raw.id, raw.secure_hash FROM bytes_pending_proof pending \
         JOIN bytes_raw_file raw ON raw.id = pending.raw_file",
    );
    statement.condition("pending.row_order > {}", Value::Int(after));
    statement.push(" ORDER BY pending.row_order");
    statement.page(limit, 0);
    let kinds = [Kind::Int, Kind::Id, Kind::Text];
    let rows = snapshot.query(&statement.text, &statement.params, &kinds, Reach::Scan).await?;
    rows.into_iter()
        .map(|mut values| match (values.pop(), values.pop(), values.pop()) {
            (Some(Value::Text(hash)), Some(Value::Id(raw_file)), Some(Value::Int(order))) => {
                Ok(Waiting { order, raw_file, secure_hash: Some(hash) })
            }
            (Some(Value::Null), Some(Value::Id(raw_file)), Some(Value::Int(order))) => {
                Ok(Waiting { order, raw_file, secure_hash: None })
            }
            _ => Err(undecodable()),
        })
        .collect()
}
