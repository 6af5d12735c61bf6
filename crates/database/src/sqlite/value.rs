//! Values of rows to and from SQLite's own five types.

use rusqlite::{
    Statement, ToSql,
    types::{ToSqlOutput, Value as Owned, ValueRef},
};
use strongroom_kernel::{
    Kind, TextList, Uuid, Value,
    ports::{PortError, PortErrorKind},
};
use strongroom_model::{Digest, Timestamp};

/// A value on its way into a statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Param<'a>(pub(super) &'a Value);

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Text(text) | Value::Json(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::Id(id) => ValueRef::Blob(id.as_bytes()),
            Value::Digest(digest) => ValueRef::Blob(digest.as_bytes()),
            Value::Time(time) => ValueRef::Integer(time.micros()),
            Value::TextList(list) => return Ok(ToSqlOutput::Owned(Owned::Text(list.encode()))),
        }))
    }
}

/// Binds `values` to the parameters from number `first` on and returns the number behind the last.
pub(super) fn bind<'v>(
    statement: &mut Statement<'_>,
    first: usize,
    values: impl IntoIterator<Item = &'v Value>,
) -> rusqlite::Result<usize> {
    let mut number = first;
    for value in values {
        statement.raw_bind_parameter(number, Param(value))?;
        number += 1;
    }
    Ok(number)
}

/// The value of `kind` that SQLite keeps as `stored`; `None` when it is of another kind.
pub(super) fn decode(stored: ValueRef<'_>, kind: Kind) -> Option<Value> {
    Some(match (stored, kind) {
        (ValueRef::Null, _) => Value::Null,
        (ValueRef::Integer(0), Kind::Bool) => Value::Bool(false),
        (ValueRef::Integer(1), Kind::Bool) => Value::Bool(true),
        (ValueRef::Integer(value), Kind::Int) => Value::Int(value),
        (ValueRef::Integer(micros), Kind::Time) => Value::Time(Timestamp::from_micros(micros)?),
        (ValueRef::Text(text), Kind::Text) => Value::Text(utf8(text)?.to_owned()),
        (ValueRef::Text(text), Kind::Json) => Value::Json(utf8(text)?.to_owned()),
        (ValueRef::Text(text), Kind::TextList) => Value::TextList(TextList::decode(utf8(text)?)?),
        (ValueRef::Blob(bytes), Kind::Bytes) => Value::Bytes(bytes.to_vec()),
        (ValueRef::Blob(bytes), Kind::Id) => Value::Id(Uuid::from_slice(bytes).ok()?),
        (ValueRef::Blob(bytes), Kind::Digest) => Value::Digest(Digest::from_slice(bytes)?),
        _ => return None,
    })
}

fn utf8(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok()
}

/// Values of `kinds` from the columns of `row` from number `first` on.
///
/// # Errors
/// `Corrupt` naming `what` and the column when a value is of another kind.
pub(super) fn decode_row(
    row: &rusqlite::Row<'_>,
    first: usize,
    kinds: impl ExactSizeIterator<Item = Kind>,
    what: &str,
) -> Result<Vec<Value>, PortError> {
    let mut values = Vec::with_capacity(kinds.len());
    for (place, kind) in kinds.enumerate() {
        let stored = row.get_ref(first + place).map_err(|error| {
            PortError::refused(format!("{what}: fewer columns than kinds")).with_source(error)
        })?;
        let value = decode(stored, kind).ok_or_else(|| {
            PortError::new(
                PortErrorKind::Corrupt,
                format!("{what}: column {} is {:?}, not {kind:?}", place + 1, stored.data_type()),
            )
        })?;
        values.push(value);
    }
    Ok(values)
}
