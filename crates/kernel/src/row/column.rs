//! Which Rust types can be columns, and how they become values.

use strongroom_model::{Digest, Domain, Timestamp};
use uuid::Uuid;

use super::{Kind, TextList, Value};

/// A Rust type that a column of a typed row can have.
pub trait ColumnType: Sized {
    /// The column's kind.
    const KIND: Kind;
    /// Whether the column may be null.
    const NULLABLE: bool = false;

    /// This as a value.
    fn to_value(&self) -> Value;

    /// Back from a value; `None` when it does not fit.
    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! column_type {
    ($type:ty, $kind:ident, $to:expr) => {
        impl ColumnType for $type {
            const KIND: Kind = Kind::$kind;

            fn to_value(&self) -> Value {
                let to: fn(&$type) -> Value = $to;
                to(self)
            }

            fn from_value(value: Value) -> Option<Self> {
                if let Value::$kind(inner) = value { Some(inner) } else { None }
            }
        }
    };
}

column_type!(bool, Bool, |value| Value::Bool(*value));
column_type!(i64, Int, |value| Value::Int(*value));
column_type!(String, Text, |value| Value::Text(value.clone()));
column_type!(Vec<u8>, Bytes, |value| Value::Bytes(value.clone()));
column_type!(Uuid, Id, |value| Value::Id(*value));
column_type!(Digest, Digest, |value| Value::Digest(*value));
column_type!(Timestamp, Time, |value| Value::Time(*value));
column_type!(TextList, TextList, |value| Value::TextList(value.clone()));

/// JSON text of a column, byte for byte as it came.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Json(pub String);

impl ColumnType for Json {
    const KIND: Kind = Kind::Json;

    fn to_value(&self) -> Value {
        Value::Json(self.0.clone())
    }

    fn from_value(value: Value) -> Option<Self> {
        if let Value::Json(text) = value { Some(Self(text)) } else { None }
    }
}

impl ColumnType for Domain {
    const KIND: Kind = Kind::Text;

    fn to_value(&self) -> Value {
        Value::Text(self.as_str().to_owned())
    }

    fn from_value(value: Value) -> Option<Self> {
        if let Value::Text(text) = value { Self::parse(&text).ok() } else { None }
    }
}

impl<T: ColumnType> ColumnType for Option<T> {
    const KIND: Kind = T::KIND;
    const NULLABLE: bool = true;

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, ColumnType::to_value)
    }

    fn from_value(value: Value) -> Option<Self> {
        if value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}
