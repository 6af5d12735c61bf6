//! Persons by name.

use std::collections::HashMap;

use strongroom_kernel::{Kind, Snapshot, Uuid, Value, ports::Reach};
use strongroom_model::{Error, ErrorKind};

use super::rows::{id, parameters, text};
use crate::tables::fold;

/// Most spellings of one name that a filter takes together: what is beyond is told, never left out in silence, since
/// whoever may add traces may bring in spellings of another's name.
const MOST_SPELLINGS: usize = 256;
/// Ids of one statement.
const CHUNK: usize = 500;

/// The person of exactly that name.
///
/// # Errors
/// `Unavailable`.
pub async fn person_named(snapshot: &Snapshot, name: &str) -> Result<Option<Uuid>, Error> {
    let sql = "SELECT id FROM tracer_person WHERE name = $1";
    let rows = snapshot.query(sql, &[Value::Text(name.to_owned())], &[Kind::Id], Reach::Point).await?;
    rows.first().map(|row| id(row.first())).transpose()
}

/// All persons whose names differ from one of `names` in letter case at most.
///
/// # Errors
/// `Unsupported` where they are more than 256 for each name; `Unavailable`.
pub async fn persons_folded(snapshot: &Snapshot, names: &[String]) -> Result<Vec<Uuid>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let most = names.len() * MOST_SPELLINGS;
    let names_in = parameters(1, names.len());
    let sql = format!("SELECT id FROM tracer_person WHERE folded IN ({names_in}) LIMIT {}", most + 1);
    let params: Vec<Value> = names.iter().map(|name| Value::Text(fold(name))).collect();
    let rows = snapshot.query(&sql, &params, &[Kind::Id], Reach::Point).await?;
    if rows.len() > most {
        let text =
            format!("more than {most} persons have a name that differs from these in letter case alone");
        return Err(Error::new(ErrorKind::Unsupported, text));
    }
    rows.iter().map(|row| id(row.first())).collect()
}

/// Names of `persons`; those whose names were erased have none.
///
/// # Errors
/// `Unavailable`.
pub async fn names_of(snapshot: &Snapshot, persons: &[Uuid]) -> Result<HashMap<Uuid, Option<String>>, Error> {
    let mut names = HashMap::with_capacity(persons.len());
    for chunk in persons.chunks(CHUNK) {
        let sql = format!("SELECT id, name FROM tracer_person WHERE id IN ({})", parameters(1, chunk.len()));
        let params: Vec<Value> = chunk.iter().copied().map(Value::Id).collect();
        for row in snapshot.query(&sql, &params, &[Kind::Id, Kind::Text], Reach::Scan).await? {
            let mut row = row.into_iter();
            names.insert(id(row.next().as_ref())?, text(row.next())?);
        }
    }
    Ok(names)
}
