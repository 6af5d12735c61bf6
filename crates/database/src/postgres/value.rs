//! Values of rows to and from PostgreSQL's binary form.

use std::error::Error;

use bytes::BytesMut;
use strongroom_kernel::{Kind, TextList, Uuid, Value, ports::PortError};
use strongroom_model::{Digest, Timestamp};
use tokio_postgres::{
    Row,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};

type AnyError = Box<dyn Error + Sync + Send>;

/// A parameter of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Arg<'a> {
    /// A value of a row.
    Value(&'a Value),
    /// An integer.
    Int(i64),
    /// An integer or null.
    MaybeInt(Option<i64>),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// An array of integers.
    Ints(&'a [i64]),
    /// An array of texts.
    Texts(&'a [&'a str]),
    /// An array of bytes.
    Blobs(&'a [&'a [u8]]),
}

impl ToSql for Arg<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, AnyError> {
        match self {
            Self::Value(value) => value_to_sql(value, kind, out),
            Self::Int(number) | Self::MaybeInt(Some(number)) => int(*number, kind, out),
            Self::MaybeInt(None) => Ok(IsNull::Yes),
            Self::Text(text) => plain_text(text, kind, out),
            Self::Bytes(bytes) => raw(bytes, kind, &[Type::BYTEA], out),
            Self::Ints(numbers) => numbers.to_sql(kind, out),
            Self::Texts(texts) => texts.to_sql(kind, out),
            Self::Blobs(blobs) => blobs.to_sql(kind, out),
        }
    }

    fn accepts(_kind: &Type) -> bool {
        // looked at when the value is known
        true
    }

    to_sql_checked!();
}

fn value_to_sql(value: &Value, kind: &Type, out: &mut BytesMut) -> Result<IsNull, AnyError> {
    match value {
        Value::Null => Ok(IsNull::Yes),
        Value::Bool(value) => raw(&[u8::from(*value)], kind, &[Type::BOOL], out),
        Value::Int(number) => int(*number, kind, out),
        Value::Time(time) => int(time.micros(), kind, out),
        Value::Text(text) | Value::Json(text) => plain_text(text, kind, out),
        Value::TextList(list) => plain_text(&list.encode(), kind, out),
        Value::Bytes(bytes) => raw(bytes, kind, &[Type::BYTEA], out),
        Value::Digest(digest) => raw(digest.as_bytes(), kind, &[Type::BYTEA], out),
        Value::Id(id) => raw(id.as_bytes(), kind, &[Type::UUID], out),
    }
}

fn raw(bytes: &[u8], kind: &Type, kinds: &[Type], out: &mut BytesMut) -> Result<IsNull, AnyError> {
    if !kinds.contains(kind) {
        return Err(format!("the parameter is of type {kind}").into());
    }
    out.extend_from_slice(bytes);
    Ok(IsNull::No)
}

fn int(number: i64, kind: &Type, out: &mut BytesMut) -> Result<IsNull, AnyError> {
    match *kind {
        Type::INT4 => i32::try_from(number)?.to_sql(kind, out),
        Type::INT2 => i16::try_from(number)?.to_sql(kind, out),
        _ => raw(&number.to_be_bytes(), kind, &[Type::INT8], out),
    }
}

fn plain_text(text: &str, kind: &Type, out: &mut BytesMut) -> Result<IsNull, AnyError> {
    if text.contains('\0') {
        return Err("PostgreSQL keeps no NUL character in a text".into());
    }
    raw(text.as_bytes(), kind, &[Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME, Type::UNKNOWN], out)
}

/// A column as it came.
struct Stored<'a> {
    kind: Type,
    bytes: Option<&'a [u8]>,
}

impl<'a> FromSql<'a> for Stored<'a> {
    fn from_sql(kind: &Type, bytes: &'a [u8]) -> Result<Self, AnyError> {
        Ok(Self { kind: kind.clone(), bytes: Some(bytes) })
    }

    fn from_sql_null(kind: &Type) -> Result<Self, AnyError> {
        Ok(Self { kind: kind.clone(), bytes: None })
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }
}

impl Stored<'_> {
    /// The value of `kind`; `None` when it is of another.
    fn value(&self, kind: Kind) -> Option<Value> {
        let Some(bytes) = self.bytes else { return Some(Value::Null) };
        let is = |kinds: &[Type]| kinds.contains(&self.kind).then_some(());
        let text = || {
            is(&[Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME])?;
            std::str::from_utf8(bytes).ok()
        };
        Some(match kind {
            Kind::Bool => {
                is(&[Type::BOOL])?;
                Value::Bool(bytes == [1])
            }
            Kind::Int => Value::Int(self.int(bytes)?),
            Kind::Time => Value::Time(Timestamp::from_micros(self.int(bytes)?)?),
            Kind::Text => Value::Text(text()?.to_owned()),
            Kind::Json => Value::Json(text()?.to_owned()),
            Kind::TextList => Value::TextList(TextList::decode(text()?)?),
            Kind::Bytes => {
                is(&[Type::BYTEA])?;
                Value::Bytes(bytes.to_vec())
            }
            Kind::Digest => {
                is(&[Type::BYTEA])?;
                Value::Digest(Digest::from_slice(bytes)?)
            }
            Kind::Id => {
                is(&[Type::UUID])?;
                Value::Id(Uuid::from_slice(bytes).ok()?)
            }
        })
    }

    fn int(&self, bytes: &[u8]) -> Option<i64> {
        Some(match self.kind {
            Type::INT8 => i64::from_be_bytes(bytes.try_into().ok()?),
            Type::INT4 => i32::from_be_bytes(bytes.try_into().ok()?).into(),
            Type::INT2 => i16::from_be_bytes(bytes.try_into().ok()?).into(),
            _ => return None,
        })
    }
}

/// Values of `kinds` from the columns of `row` from number `first` on.
///
/// # Errors
/// `Corrupt` naming `what` and the column when a value is of another kind.
pub(super) fn decode_row(
    row: &Row,
    first: usize,
    kinds: impl ExactSizeIterator<Item = Kind>,
    what: &str,
) -> Result<Vec<Value>, PortError> {
    let mut values = Vec::with_capacity(kinds.len());
    for (place, kind) in kinds.enumerate() {
        let stored: Stored<'_> = row.try_get(first + place).map_err(|error| {
            PortError::refused(format!("{what}: fewer columns than kinds")).with_source(error)
        })?;
        let value = stored.value(kind).ok_or_else(|| {
            PortError::corrupt(format!("{what}: column {} is {}, not {kind:?}", place + 1, stored.kind))
        })?;
        values.push(value);
    }
    Ok(values)
}
