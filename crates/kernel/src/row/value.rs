//! One value of a row, and the kinds a column can have.

use strongroom_model::{Digest, Timestamp};
use uuid::Uuid;

/// Kind of a column, and of a column asked for in a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// Signed, 64 bits; at most ±(2⁵³ − 1), so that every JSON reader sees the same number.
    Int,
    /// UTF-8 text without NUL.
    Text,
    /// Any bytes.
    Bytes,
    /// 16 bytes, printed as a hyphenated UUID.
    Id,
    /// 32 bytes, SHA-256 of content.
    Digest,
    /// Microseconds since the Unix epoch.
    Time,
    /// JSON text, kept byte for byte as it came.
    Json,
    /// A list of texts; see [`TextList`] for how a query looks into it.
    TextList,
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// Absent, of whatever kind.
    Null,
    /// See [`Kind::Bool`].
    Bool(bool),
    /// See [`Kind::Int`].
    Int(i64),
    /// See [`Kind::Text`].
    Text(String),
    /// See [`Kind::Bytes`].
    Bytes(Vec<u8>),
    /// See [`Kind::Id`].
    Id(Uuid),
    /// See [`Kind::Digest`].
    Digest(Digest),
    /// See [`Kind::Time`].
    Time(Timestamp),
    /// See [`Kind::Json`].
    Json(String),
    /// See [`Kind::TextList`].
    TextList(TextList),
}

impl Value {
    /// The kind of this value; `None` for [`Value::Null`], which fits every kind.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Text(_) => Kind::Text,
            Self::Bytes(_) => Kind::Bytes,
            Self::Id(_) => Kind::Id,
            Self::Digest(_) => Kind::Digest,
            Self::Time(_) => Kind::Time,
            Self::Json(_) => Kind::Json,
            Self::TextList(_) => Kind::TextList,
        })
    }
}

/// A list of texts in one column.
///
/// Stored as one text in which each member is a comma followed by its JSON string, commas within it written
/// as `\u002c`: `,"a","b"`. A comma then stands nowhere but before a member, so that "contains the member m"
/// is `instr(column, $n) > 0` with [`TextList::needle`] as the argument, on every database.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TextList(pub Vec<String>);

impl TextList {
    /// The stored text.
    pub fn encode(&self) -> String {
        self.0.iter().map(|member| Self::needle(member)).collect()
    }

    /// The list behind a stored text; `None` when it is not one.
    pub fn decode(stored: &str) -> Option<Self> {
        let members = match stored.strip_prefix(',') {
            None if stored.is_empty() => return Some(Self::default()),
            None => return None,
            Some(members) => members,
        };
        serde_json::from_str(&format!("[{members}]")).ok().map(Self)
    }

    /// The text that a stored list contains exactly when `member` is in the list.
    pub fn needle(member: &str) -> String {
        format!(",{}", serde_json::Value::from(member).to_string().replace(',', "\\u002c"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_list_survives_and_contains_just_its_members(
            members in prop::collection::vec("[a-c\",\\\\\\[\\]\u{1}é]{0,4}", 0..5),
            other in "[a-c\",\\\\\\[\\]\u{1}é]{0,4}",
        ) {
            let list = TextList(members.clone());
            let stored = list.encode();
            prop_assert_eq!(TextList::decode(&stored), Some(list));
            prop_assert_eq!(stored.contains(&TextList::needle(&other)), members.contains(&other));
        }
    }
}
