//! Reads the members of a JSON object one by one and notes what is wrong with each.
//!
//! The building block of [`super::models`]; it knows kinds of values, not objects of the service.

use std::borrow::Cow;

use strongroom_model::Timestamp;
use uuid::Uuid;

use super::{
    json::{JsonText, NotWritable, Object, Value},
    scalar::{self, InstantError, Number},
    validation::{Path, Problems},
};

/// What a column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// At most this many characters, none of them NUL.
    Characters(usize),
    /// Anything: the value is checked and then dropped.
    Dropped,
}

impl Column {
    /// What a filter may hold: any length the request has room for, since a longer text simply equals nothing.
    pub const FILTER: Self = Self::Characters(usize::MAX);
}

/// The members of one object, and the problems found in them.
#[derive(Debug)]
pub struct Fields<'f, 'v> {
    object: &'f Object<'v>,
    at: &'f Path<'f>,
    problems: &'f mut Problems,
}

impl<'f, 'v> Fields<'f, 'v> {
    /// Opens `value`; `None`, with a problem noted, when it is no object.
    pub fn open(value: &'f Value<'v>, at: &'f Path<'f>, problems: &'f mut Problems) -> Option<Self> {
        if let Value::Object(object) = value {
            return Some(Self { object, at, problems });
        }
        problems.add(
            "model_attributes_type",
            at,
            "Input should be a valid dictionary or object to extract fields from",
        );
        None
    }

    /// Reads a required member with `read`.
    pub fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&'f Value<'v>, &Path<'_>, &mut Problems) -> Option<T>,
    ) -> Option<T> {
        let at = self.at.name(name);
        let Some(value) = self.object.get(name) else {
            self.problems.add_missing(&at);
            return None;
        };
        read(value, &at, self.problems)
    }

    /// Reads a member that may be absent or null; the outer `None` means that a problem was noted.
    pub fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&'f Value<'v>, &Path<'_>, &mut Problems) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.object.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => read(value, &self.at.name(name), self.problems).map(Some),
        }
    }

    /// Reads a member that may be absent but not null.
    pub fn defaulted<T: Default>(
        &mut self,
        name: &str,
        read: impl FnOnce(&'f Value<'v>, &Path<'_>, &mut Problems) -> Option<T>,
    ) -> Option<T> {
        match self.object.get(name) {
            None => Some(T::default()),
            Some(value) => read(value, &self.at.name(name), self.problems),
        }
    }

    /// Reads a required string for a column.
    pub fn text(&mut self, name: &str, column: Column) -> Option<String> {
        self.required(name, |value, at, problems| read_column(value, at, problems, column))
    }

    /// Reads a string or null for a column.
    pub fn optional_text(&mut self, name: &str, column: Column) -> Option<Option<String>> {
        self.optional(name, |value, at, problems| read_column(value, at, problems, column))
    }

    /// Reads a required UUID.
    pub fn uuid(&mut self, name: &str) -> Option<Uuid> {
        self.required(name, read_uuid)
    }

    /// Reads a required instant.
    pub fn instant(&mut self, name: &str) -> Option<Timestamp> {
        self.required(name, read_instant)
    }
}

/// Reads a string.
pub fn read_text(value: &Value<'_>, at: &Path<'_>, problems: &mut Problems) -> Option<String> {
    borrow_text(value, at, problems).map(str::to_owned)
}

fn borrow_text<'v>(value: &'v Value<'_>, at: &Path<'_>, problems: &mut Problems) -> Option<&'v str> {
    match value {
        Value::Text(text) => Some(text),
        Value::Unpaired => {
            problems.add("string_unicode", at, "Input should be a valid string without unpaired surrogates");
            None
        }
        _ => {
            problems.add("string_type", at, "Input should be a valid string");
            None
        }
    }
}

/// Reads a string that `column` can hold.
pub fn read_column(
    value: &Value<'_>,
    at: &Path<'_>,
    problems: &mut Problems,
    column: Column,
) -> Option<String> {
    let text = borrow_text(value, at, problems)?;
    if let Some((kind, msg)) = misfit(text, column) {
        problems.add(kind, at, msg);
        return None;
    }
    Some(text.to_owned())
}

/// Why `text` does not fit `column`: kind and message of the problem.
pub fn misfit(text: &str, column: Column) -> Option<(&'static str, Cow<'static, str>)> {
    let Column::Characters(most) = column else { return None };
    if text.len() > most && text.chars().count() > most {
        return Some(("string_too_long", format!("String should have at most {most} characters").into()));
    }
    text.contains('\0').then_some(("string_nul", Cow::Borrowed("String should not contain NUL characters")))
}

/// Reads a UUID, which in JSON is a string.
pub fn read_uuid(value: &Value<'_>, at: &Path<'_>, problems: &mut Problems) -> Option<Uuid> {
    let Value::Text(text) = value else {
        problems.add("uuid_type", at, "UUID input should be a string");
        return None;
    };
    let uuid = scalar::parse_uuid(text);
    if uuid.is_none() {
        problems.add("uuid_parsing", at, "Input should be a valid UUID");
    }
    uuid
}

/// Reads an instant: a string, or a Unix time as a number.
pub fn read_instant(value: &Value<'_>, at: &Path<'_>, problems: &mut Problems) -> Option<Timestamp> {
    let instant = match value {
        Value::Text(text) => scalar::parse_instant(text),
        Value::Integer(digits) => match digits.parse() {
            Ok(whole) => scalar::instant_from_number(Number::Whole(whole)),
            Err(_) => Err(InstantError::OutOfRange),
        },
        Value::Float(float) => scalar::instant_from_number(Number::Float(*float)),
        _ => {
            problems.add("datetime_type", at, "Input should be a valid datetime");
            return None;
        }
    };
    let (kind, msg) = match instant {
        Ok(instant) => return Some(instant),
        Err(InstantError::NotAnInstant) => {
            ("datetime_from_date_parsing", "Input should be a valid datetime or date")
        }
        Err(InstantError::NoZone) => ("timezone_aware", "Input should have timezone info"),
        Err(InstantError::OutOfRange) => {
            ("datetime_parsing", "Input should be a valid datetime in the years 1 to 9999")
        }
    };
    problems.add(kind, at, msg);
    None
}

/// Reads an object with anything in it, as the text it is stored as.
pub fn read_json_object(value: &Value<'_>, at: &Path<'_>, problems: &mut Problems) -> Option<JsonText> {
    if !matches!(value, Value::Object(_)) {
        problems.add("dict_type", at, "Input should be a valid dictionary");
        return None;
    }
    match JsonText::new(value) {
        Ok(text) => Some(text),
        Err(NotWritable::NotFinite) => {
            problems.add("finite_number", at, "Input should contain finite numbers only");
            None
        }
        Err(NotWritable::Unpaired) => {
            problems.add(
                "string_unicode",
                at,
                "Input should contain valid strings without unpaired surrogates",
            );
            None
        }
    }
}

/// Reads an object of strings, as the text it is stored as.
pub fn read_string_map(value: &Value<'_>, at: &Path<'_>, problems: &mut Problems) -> Option<JsonText> {
    if let Value::Object(object) = value {
        let mut all_texts = true;
        for (key, member) in object.iter().filter(|(_, member)| !matches!(member, Value::Text(_))) {
            let _noted = borrow_text(member, &at.name(key.unwrap_or_default()), problems);
            all_texts = false;
        }
        if !all_texts {
            return None;
        }
    }
    read_json_object(value, at, problems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json;

    /// Reads the member `x` of `body` and returns the kinds of the problems found.
    fn kinds(body: &str, read: impl FnOnce(&mut Fields<'_, '_>) -> bool) -> Vec<&'static str> {
        let value = json::parse(body.as_bytes()).unwrap();
        let mut problems = Problems::new();
        let done =
            Fields::open(&value, &Path::BODY, &mut problems).is_some_and(|mut fields| read(&mut fields));
        assert_eq!(done, problems.is_empty(), "a problem is noted exactly when nothing is returned: {body}");
        problems.iter().map(|problem| problem.kind).collect()
    }

    #[test]
    fn texts_are_checked_against_their_column() {
        let check = |body: &str, expected: &[&str]| {
            assert_eq!(
                kinds(body, |fields| fields.text("x", Column::Characters(3)).is_some()),
                expected,
                "{body}"
            );
        };
        check(r#"{"x":"äöü"}"#, &[]);
        check(r#"{"x":""}"#, &[]);
        check(r#"{"x":"abcd"}"#, &["string_too_long"]);
        check(r#"{"x":"a\u0000"}"#, &["string_nul"]);
        check(r#"{"x":"\ud800"}"#, &["string_unicode"]);
        check(r#"{"x":null}"#, &["string_type"]);
        check(r#"{"x":1}"#, &["string_type"]);
        check("{}", &["missing"]);
        check("[]", &["model_attributes_type"]);
    }

    #[test]
    fn a_dropped_text_may_be_anything() {
        let check = |body: &str| kinds(body, |fields| fields.text("x", Column::Dropped).is_some());
        assert!(check(&format!(r#"{{"x":"{}\u0000"}}"#, "a".repeat(5000))).is_empty());
        assert_eq!(check(r#"{"x":"\ud800"}"#), ["string_unicode"]);
    }

    #[test]
    fn optional_texts_may_be_absent_or_null() {
        let read =
            |body: &str| kinds(body, |fields| fields.optional_text("x", Column::Characters(3)).is_some());
        assert!(read("{}").is_empty());
        assert!(read(r#"{"x":null}"#).is_empty());
        assert_eq!(read(r#"{"x":2}"#), ["string_type"]);
    }

    #[test]
    fn identifiers_and_instants_name_their_problem() {
        let uuid = |body: &str| kinds(body, |fields| fields.uuid("x").is_some());
        assert!(uuid(r#"{"x":"0b8a4d5e-8e0c-4e0b-9d55-5d0e2b0a9f77"}"#).is_empty());
        assert_eq!(uuid(r#"{"x":"no"}"#), ["uuid_parsing"]);
        assert_eq!(uuid(r#"{"x":7}"#), ["uuid_type"]);
        let instant = |body: &str| kinds(body, |fields| fields.instant("x").is_some());
        assert!(instant(r#"{"x":"2024-01-02T03:04:05Z"}"#).is_empty());
        assert!(instant(r#"{"x":1700000000}"#).is_empty());
        assert!(instant(r#"{"x":17e8}"#).is_empty());
        assert_eq!(instant(r#"{"x":"2024-01-02T03:04:05"}"#), ["timezone_aware"]);
        assert_eq!(instant(r#"{"x":"soon"}"#), ["datetime_from_date_parsing"]);
        assert_eq!(instant(r#"{"x":99999999999999999999}"#), ["datetime_parsing"]);
        assert_eq!(instant(r#"{"x":NaN}"#), ["datetime_from_date_parsing"]);
        assert_eq!(instant(r#"{"x":true}"#), ["datetime_type"]);
        assert_eq!(instant(r#"{"x":null}"#), ["datetime_type"]);
    }

    #[test]
    fn maps_hold_what_can_be_written_again() {
        let object = |body: &str| kinds(body, |fields| fields.required("x", read_json_object).is_some());
        assert!(object(r#"{"x":{"a":[1.0,"\u0000"]}}"#).is_empty());
        assert_eq!(object(r#"{"x":[]}"#), ["dict_type"]);
        assert_eq!(object(r#"{"x":{"a":NaN}}"#), ["finite_number"]);
        assert_eq!(object(r#"{"x":{"a":"\udfff"}}"#), ["string_unicode"]);
        let map = |body: &str| kinds(body, |fields| fields.required("x", read_string_map).is_some());
        assert!(map(r#"{"x":{"a":"b"}}"#).is_empty());
        assert_eq!(map(r#"{"x":{"a":1,"b":null,"c":"d"}}"#), ["string_type", "string_type"]);
        assert_eq!(map(r#"{"x":{"\ud800":"b"}}"#), ["string_unicode"]);
        assert_eq!(map(r#"{"x":"b"}"#), ["dict_type"]);
    }
}
