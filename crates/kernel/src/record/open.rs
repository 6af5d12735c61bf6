//! From a stored record back to what it says: commitments are checked, operations are typed again.

use serde_json::{Map, Value as Json};
use strongroom_ledger::{Leaf, commitment, field_commitment};
use strongroom_model::{Digest, Timestamp};
use uuid::Uuid;

use crate::{
    ports::{PortError, StoredRecord},
    row::{Kind, Table, TextList, Value},
    unit::{Expectation, Operation, State},
};

/// A record whose leaf, nonce, canonical text and openings agree.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenedRecord {
    /// Index of its leaf.
    pub index: u64,
    /// Its sequence.
    pub sequence: u64,
    /// Log time, from the leaf.
    pub log_time: Timestamp,
    /// Service, from the leaf.
    pub service: String,
    /// Action within the service.
    pub action: String,
    /// The record with every commitment replaced by its value; erased ones stay `{"c":…}`.
    pub plain: Json,
    /// Its row changes, in the order of the unit.
    pub operations: Vec<OpenedOperation>,
    /// Places of the openings that were erased, counted from 0 over all openings of the record.
    pub erased: Vec<usize>,
}

/// One row change of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum OpenedOperation {
    /// All values are known.
    Whole(Operation),
    /// A put some of whose personal values were erased: `None` stands for them.
    Erased {
        /// Its table.
        table: &'static Table,
        /// Its values, where they are known; keys always are.
        values: Vec<Option<Value>>,
        /// What was expected of the row.
        expectation: Expectation,
    },
}

/// Opens a record: its leaf commits to it, its openings fit its commitments, its rows fit `tables`.
///
/// A column that may be null and that the record does not have is null: the record is older than the column.
///
/// # Errors
/// `Corrupt`, saying what does not fit; `Refused` when the record holds but names tables or columns that a later
/// program added.
pub fn open(
    record: &StoredRecord,
    tables: &dyn Fn(&str) -> Option<&'static Table>,
) -> Result<OpenedRecord, PortError> {
    let fail = |what: &str| PortError::corrupt(format!("record {}: {what}", record.index));
    let leaf = Leaf::decode(&record.leaf).map_err(|error| fail("leaf is malformed").with_source(error))?;
    if commitment(&record.nonce, &record.canonical) != leaf.commitment {
        return Err(fail("leaf does not commit to it"));
    }
    let (plain, erased) = revealed(record, canonical(record)?)?;
    let service = text(&plain, "service").ok_or_else(|| fail("no service"))?.to_owned();
    if service != leaf.service.as_str() {
        return Err(fail("service differs from the leaf's"));
    }
    let rows = match plain.get("rows") {
        None => &[][..],
        Some(rows) => rows.as_array().ok_or_else(|| fail("rows are not a list"))?.as_slice(),
    };
    if let Some(what) = rows.iter().find_map(|row| newer(row, tables)) {
        let what = format!("record {}: {what}: a newer program wrote it", record.index);
        return Err(PortError::refused(what));
    }
    let operations = rows
        .iter()
        .map(|row| operation(row, tables))
        .collect::<Result<_, _>>()
        .map_err(|what| fail(&what))?;
    Ok(OpenedRecord {
        index: record.index,
        sequence: record.sequence,
        log_time: Timestamp::from_micros(leaf.time_micros).ok_or_else(|| fail("log time out of range"))?,
        action: text(&plain, "action").ok_or_else(|| fail("no action"))?.to_owned(),
        service,
        operations,
        erased,
        plain,
    })
}

/// The record as it is committed to, and with every commitment replaced by its value; erased ones stay `{"c":…}`.
/// Openings are held against their commitments, the record is not held against its leaf.
///
/// # Errors
/// `Corrupt`, saying what does not fit.
pub fn plain(record: &StoredRecord) -> Result<(Json, Json), PortError> {
    let canonical = canonical(record)?;
    let (plain, _) = revealed(record, canonical.clone())?;
    Ok((canonical, plain))
}

fn canonical(record: &StoredRecord) -> Result<Json, PortError> {
    let fail = || PortError::corrupt(format!("record {}: canonical record is not JSON", record.index));
    serde_json::from_slice(&record.canonical).map_err(|error| fail().with_source(error))
}

/// The record with what its openings tell, and the places of those that were erased.
fn revealed(record: &StoredRecord, mut plain: Json) -> Result<(Json, Vec<usize>), PortError> {
    let fail = |what: &str| PortError::corrupt(format!("record {}: {what}", record.index));
    let openings: Vec<Json> = if record.openings.is_empty() {
        Vec::new()
    } else {
        serde_json::from_slice(&record.openings)
            .map_err(|error| fail("openings are not JSON").with_source(error))?
    };
    let erased = openings.iter().enumerate().filter(|(_, opening)| opening.is_null());
    let erased = erased.map(|(place, _)| place).collect();
    let mut openings = openings.into_iter();
    reveal(&mut plain, &mut openings).map_err(fail)?;
    if openings.next().is_some() {
        return Err(fail("more openings than commitments"));
    }
    Ok((plain, erased))
}

/// What a row names that this program does not have. Its leaf commits to it, so that it was not tampered with: a
/// program with later migrations wrote it.
fn newer(row: &Json, tables: &dyn Fn(&str) -> Option<&'static Table>) -> Option<String> {
    let name = text(row, "table")?;
    let Some(table) = tables(name) else { return Some(format!("unknown table {name}")) };
    let members = row.get("values").and_then(Json::as_object)?;
    let unknown = members.keys().find(|name| table.position(name).is_none())?;
    Some(format!("unknown column {unknown} of {name}"))
}

/// Replaces commitments by their values, in order of appearance.
fn reveal(json: &mut Json, openings: &mut impl Iterator<Item = Json>) -> Result<(), &'static str> {
    match json {
        Json::Array(items) => items.iter_mut().try_for_each(|item| reveal(item, openings)),
        Json::Object(members) => {
            let Some(expected) = committed(members) else {
                return members.values_mut().try_for_each(|member| reveal(member, openings));
            };
            match openings.next() {
                None => Err("fewer openings than commitments"),
                Some(Json::Null) => Ok(()),
                Some(opening) => {
                    *json = opened(opening, &expected)?;
                    Ok(())
                }
            }
        }
        _ => Ok(()),
    }
}

pub(super) fn committed(members: &Map<String, Json>) -> Option<String> {
    if members.len() == 1 { members.get("c")?.as_str().map(str::to_owned) } else { None }
}

fn opened(mut opening: Json, expected: &str) -> Result<Json, &'static str> {
    let salt = opening.get("salt").and_then(Json::as_str).and_then(|salt| hex::decode(salt).ok());
    let salt: [u8; 16] =
        salt.and_then(|salt| salt.try_into().ok()).ok_or("an opening has no salt of 16 bytes")?;
    let value = opening.get_mut("value").map(Json::take).ok_or("an opening has no value")?;
    let canonical = serde_json::to_vec(&value).map_err(|_| "an opening's value is not JSON")?;
    if field_commitment(&salt, &canonical).to_string() == expected {
        Ok(value)
    } else {
        Err("an opening does not fit its commitment")
    }
}

fn text<'a>(json: &'a Json, name: &str) -> Option<&'a str> {
    json.get(name).and_then(Json::as_str)
}

fn operation(row: &Json, tables: &dyn Fn(&str) -> Option<&'static Table>) -> Result<OpenedOperation, String> {
    let name = text(row, "table").ok_or("a row names no table")?;
    let table = tables(name).ok_or_else(|| format!("unknown table {name}"))?;
    match text(row, "op") {
        Some("put") => put(row, table),
        Some("remove") => {
            let expectation = expectation(row)?.into();
            Ok(OpenedOperation::Whole(Operation::Remove { table, key: key(row, table)?, expectation }))
        }
        Some("bump") => {
            let column = text(row, "column")
                .and_then(|name| table.position(name))
                .ok_or("bump of an unknown column")?;
            let by = row.get("by").and_then(Json::as_i64).ok_or("bump by no integer")?;
            Ok(OpenedOperation::Whole(Operation::Bump {
                table,
                key: key(row, table)?,
                column: table.columns[column].name,
                by,
                bounds: (i64::MIN, i64::MAX),
                label: None,
            }))
        }
        _ => Err("unknown row operation".to_owned()),
    }
}

fn put(row: &Json, table: &'static Table) -> Result<OpenedOperation, String> {
    let members = row.get("values").and_then(Json::as_object).ok_or("a put has no values")?;
    let values = table
        .columns
        .iter()
        .map(|column| {
            let json = match members.get(column.name) {
                Some(json) => json,
                // the record is older than the column
                None if column.nullable => return Ok(Some(Value::Null)),
                None => return Err(format!("{}: no {}", table.name, column.name)),
            };
            if column.personal && json.as_object().is_some_and(|members| committed(members).is_some()) {
                return Ok(None);
            }
            value(json, column.kind)
                .map(Some)
                .ok_or_else(|| format!("{}.{}: wrong kind", table.name, column.name))
        })
        .collect::<Result<Vec<_>, String>>()?;
    let expectation = expectation(row)?.into();
    if values.iter().any(Option::is_none) {
        return Ok(OpenedOperation::Erased { table, values, expectation });
    }
    Ok(OpenedOperation::Whole(Operation::Put {
        table,
        values: values.into_iter().flatten().collect(),
        expectation,
    }))
}

fn expectation(row: &Json) -> Result<State, String> {
    match row.get("expect") {
        Some(Json::String(word)) if word == "absent" => Ok(State::Absent),
        Some(Json::String(word)) if word == "present" => Ok(State::Present),
        Some(Json::String(word)) if word == "any" => Ok(State::Any),
        Some(Json::Number(version)) => {
            version.as_u64().map(State::Version).ok_or_else(|| "bad version".to_owned())
        }
        _ => Err("a row states no expectation".to_owned()),
    }
}

fn key(row: &Json, table: &'static Table) -> Result<Vec<Value>, String> {
    let members = row.get("key").and_then(Json::as_object).ok_or("a row has no key")?;
    table
        .key
        .iter()
        .map(|name| {
            let kind = table.columns[table.position(name).expect("key columns are columns")].kind;
            members
                .get(*name)
                .and_then(|json| value(json, kind))
                .ok_or_else(|| format!("{}: bad key {name}", table.name))
        })
        .collect()
}

fn value(json: &Json, kind: Kind) -> Option<Value> {
    Some(match (json, kind) {
        (Json::Null, _) => Value::Null,
        (Json::Bool(value), Kind::Bool) => Value::Bool(*value),
        (Json::Number(number), Kind::Int) => Value::Int(number.as_i64()?),
        (Json::String(text), Kind::Text) => Value::Text(text.clone()),
        (Json::String(text), Kind::Json) => Value::Json(text.clone()),
        (Json::String(text), Kind::Bytes) => Value::Bytes(hex::decode(text).ok()?),
        (Json::String(text), Kind::Id) => Value::Id(Uuid::try_parse(text).ok()?),
        (Json::String(text), Kind::Digest) => Value::Digest(text.parse::<Digest>().ok()?),
        (Json::String(text), Kind::Time) => Value::Time(text.parse().ok()?),
        (Json::Array(items), Kind::TextList) => {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()?;
            Value::TextList(TextList(texts))
        }
        _ => return None,
    })
}
