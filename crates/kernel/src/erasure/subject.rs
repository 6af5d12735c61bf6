//! Who or what is to be forgotten, and whether a stored value speaks of it.

use std::{fmt, str::FromStr};

use serde_json::Value as Json;
use strongroom_model::{Digest, Error, ErrorKind};

use crate::row::{Table, Value};

/// Longest subject, in bytes.
const MAX_BYTES: usize = 4_096;

/// What an erasure is about (`docs/operations/erase.md`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErasureSubject {
    /// A personal value: an account's name, what was scanned, a user's id. Compared whole and without regard to
    /// letter case, also with each text within a JSON value and each member of a list.
    Value(String),
    /// One row, by table and key, with all its personal values and what belongs to it.
    Row {
        /// Name of the table.
        table: String,
        /// The printed values of its key, in the order of the key.
        key: Vec<String>,
    },
    /// A content in whatever domain, with the rows that refer to it.
    Content(Digest),
}

impl ErasureSubject {
    /// Whether a personal value, as its opening has it, speaks of the subject.
    pub(super) fn is_in(&self, value: &Json) -> bool {
        match self {
            Self::Row { .. } => false,
            Self::Value(text) => holds(value, text),
            Self::Content(digest) => holds(value, &digest.to_string()),
        }
    }

    /// Whether a stored value of a personal column speaks of the subject.
    pub(super) fn is_in_column(&self, value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(_) => false,
            Value::TextList(list) => list.0.iter().any(|text| self.is_in(&Json::from(text.as_str()))),
            other => self.is_in(&Json::from(printed(other))),
        }
    }

    /// Whether the payload of an event speaks of the subject: as JSON where it is JSON, else as a text within it.
    pub(super) fn is_in_payload(&self, payload: &[u8]) -> bool {
        let text = match self {
            Self::Row { .. } => return false,
            Self::Value(text) => text.clone(),
            Self::Content(digest) => digest.to_string(),
        };
        match serde_json::from_slice::<Json>(payload) {
            Ok(json) => holds(&json, &text),
            Err(_) => contains(&String::from_utf8_lossy(payload), &text),
        }
    }

    /// Whether this is the row with these key values.
    pub(super) fn is_row(&self, table: &Table, values: &[Value]) -> bool {
        match self {
            Self::Row { table: name, key } => {
                table.name == name && table.key_of(values).iter().map(printed).eq(key.iter().cloned())
            }
            _ => false,
        }
    }

    /// Whether what can never be erased speaks of it: a text within the canonical record.
    pub(super) fn stays_in(&self, canonical: &[u8]) -> bool {
        let canonical = String::from_utf8_lossy(canonical);
        match self {
            Self::Row { .. } => false,
            Self::Value(text) => {
                let escaped = Json::from(text.as_str()).to_string();
                contains(&canonical, &escaped[1..escaped.len() - 1])
            }
            Self::Content(digest) => contains(&canonical, &digest.to_string()),
        }
    }
}

/// Whether `json` is the text, or has it as a member, a name or an item; texts that are JSON are looked into.
fn holds(json: &Json, text: &str) -> bool {
    match json {
        Json::String(value) if same(value, text) => true,
        Json::String(value) if value.starts_with(['{', '[']) => {
            serde_json::from_str::<Json>(value).is_ok_and(|within| holds(&within, text))
        }
        Json::Array(items) => items.iter().any(|item| holds(item, text)),
        Json::Object(members) => members.iter().any(|(name, value)| same(name, text) || holds(value, text)),
        Json::Number(number) => number.to_string() == text,
        Json::String(_) | Json::Null | Json::Bool(_) => false,
    }
}

/// Services keep names in lower case beside the names as they came: both speak of the same.
fn same(value: &str, text: &str) -> bool {
    value == text || value.to_lowercase() == text.to_lowercase()
}

fn contains(text: &str, part: &str) -> bool {
    text.contains(part) || text.to_lowercase().contains(&part.to_lowercase())
}

/// A value as records print it.
pub(super) fn printed(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Text(text) | Value::Json(text) => text.clone(),
        Value::Bytes(bytes) => hex::encode(bytes),
        Value::Id(id) => id.to_string(),
        Value::Digest(digest) => digest.to_string(),
        Value::Time(time) => time.to_string(),
        Value::TextList(list) => list.encode(),
    }
}

/// `sha256:<hex>` is a content, `row:<table>/<key>[/<key>…]` a row, anything else, also behind `value:`, a value.
impl FromStr for ErasureSubject {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = |what: &str| Error::new(ErrorKind::Invalid, what.to_owned());
        if text.len() > MAX_BYTES {
            return Err(invalid("a subject has at most 4096 bytes"));
        }
        if let Some(digest) = text.strip_prefix("sha256:") {
            return digest.parse().map(Self::Content).map_err(|_| invalid("sha256: wants 64 hex digits"));
        }
        if let Some(row) = text.strip_prefix("row:") {
            let mut parts = row.split('/').map(str::to_owned);
            let table = parts.next().unwrap_or_default();
            let key: Vec<String> = parts.collect();
            if table.is_empty() || key.is_empty() || key.iter().any(String::is_empty) {
                return Err(invalid("a row is named row:TABLE/KEY"));
            }
            return Ok(Self::Row { table, key });
        }
        let value = text.strip_prefix("value:").unwrap_or(text);
        if value.is_empty() || value.contains('\0') {
            return Err(invalid("a subject is not empty and has no NUL character"));
        }
        Ok(Self::Value(value.to_owned()))
    }
}

/// As it is parsed.
impl fmt::Display for ErasureSubject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(text) => write!(formatter, "value:{text}"),
            Self::Row { table, key } => write!(formatter, "row:{table}/{}", key.join("/")),
            Self::Content(digest) => write!(formatter, "sha256:{digest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn subject(text: &str) -> ErasureSubject {
        text.parse().unwrap()
    }

    #[test]
    fn subjects_print_as_they_are_parsed() {
        let digest = Digest::of(b"x");
        for text in ["value:jo", "row:notes_note/7/b", &format!("sha256:{digest}")] {
            assert_eq!(subject(text).to_string(), text);
        }
        assert_eq!(subject("jo"), ErasureSubject::Value("jo".to_owned()));
        assert_eq!(subject("value:row:x"), ErasureSubject::Value("row:x".to_owned()));
        for wrong in ["", "value:", "row:x", "row:/1", "row:t/", "sha256:12", &"x".repeat(4_097)] {
            assert_eq!(wrong.parse::<ErasureSubject>().unwrap_err().kind(), ErrorKind::Invalid, "{wrong}");
        }
    }

    #[test]
    fn a_value_is_found_whole_wherever_it_stands() {
        let jo = subject("jo");
        for held in [
            json!("jo"),
            json!("Jo"),
            json!(["x", "jo"]),
            json!("{\"user\": \"jo\"}"),
            json!("{\"jo\": 1}"),
            json!({ "a": { "b": ["jo"] } }),
        ] {
            assert!(jo.is_in(&held), "{held}");
        }
        for other in [json!("joe"), json!("{jo"), json!(["joe"]), json!(null), json!(true)] {
            assert!(!jo.is_in(&other), "{other}");
        }
        assert!(jo.is_in_payload(b"plain: jo") && jo.is_in_payload(b"{\"x\": \"jo\"}"));
        assert!(!jo.is_in_payload(b"{\"x\": \"joe\"}"));
        assert!(subject("17").is_in(&json!({ "user": 17 })));
    }
}
