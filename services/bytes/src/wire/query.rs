//! Reads the query string: the last of repeated scalars, all of repeated lists, unknown keys ignored.

use std::borrow::Cow;

use uuid::Uuid;

use super::{
    fields::{Column, misfit},
    scalar::{self, IntegerError},
    validation::{Path, Problems},
};

/// The parameters of a query string, and the problems found in them.
///
/// Read every parameter first and call [`Query::finish`] then: each reader notes its problem and gives a harmless value.
#[derive(Debug)]
pub struct Query<'q> {
    pairs: Vec<(Cow<'q, str>, Cow<'q, str>)>,
    problems: Problems,
}

impl<'q> Query<'q> {
    /// Splits a query string, without its question mark; percent escapes and `+` are decoded.
    pub fn new(raw: &'q str) -> Self {
        Self { pairs: form_urlencoded::parse(raw.as_bytes()).collect(), problems: Problems::new() }
    }

    /// The text of `key`, or `None` when it is absent.
    pub fn text(&mut self, key: &str) -> Option<String> {
        let value = self.last(key)?.to_owned();
        self.check(&Path::QUERY.name(key), value)
    }

    /// The text of `key`, which must be there.
    pub fn required_text(&mut self, key: &str) -> String {
        if self.last(key).is_none() {
            self.problems.add_missing(&Path::QUERY.name(key));
        }
        self.text(key).unwrap_or_default()
    }

    /// All texts of a repeated `key`; an empty one is a text like any other, and commas do not split.
    pub fn texts(&mut self, key: &str) -> Vec<String> {
        let texts: Vec<String> = self.all(key).map(str::to_owned).collect();
        let texts = texts.into_iter().enumerate();
        texts.filter_map(|(index, text)| self.check(&Path::QUERY.name(key).index(index), text)).collect()
    }

    /// The UUID of `key`, or `None` when it is absent.
    pub fn uuid(&mut self, key: &str) -> Option<Uuid> {
        let uuid = scalar::parse_uuid(self.last(key)?);
        self.noted(uuid, &Path::QUERY.name(key), "uuid_parsing", "Input should be a valid UUID")
    }

    /// The UUID of `key`, which must be there.
    pub fn required_uuid(&mut self, key: &str) -> Uuid {
        if self.last(key).is_none() {
            self.problems.add_missing(&Path::QUERY.name(key));
        }
        self.uuid(key).unwrap_or_default()
    }

    /// All UUIDs of a repeated `key`; an empty value is no UUID.
    pub fn uuids(&mut self, key: &str) -> Vec<Uuid> {
        let read: Vec<Option<Uuid>> = self.all(key).map(scalar::parse_uuid).collect();
        let read = read.into_iter().enumerate();
        read.filter_map(|(index, uuid)| {
            let at = Path::QUERY.name(key);
            self.noted(uuid, &at.index(index), "uuid_parsing", "Input should be a valid UUID")
        })
        .collect()
    }

    /// The truth value of `key`, or `None` when it is absent.
    pub fn boolean(&mut self, key: &str) -> Option<bool> {
        let boolean = scalar::parse_boolean(self.last(key)?);
        self.noted(boolean, &Path::QUERY.name(key), "bool_parsing", "Input should be a valid boolean")
    }

    /// The count in `key`: zero or more, within 63 bits; `default` when it is absent.
    ///
    /// The original hands negative and larger numbers to its database and fails with 500; here they are problems.
    pub fn count(&mut self, key: &str, default: u64) -> u64 {
        let Some(text) = self.last(key) else { return default };
        let (kind, msg) = match scalar::parse_integer(text).map(u64::try_from) {
            Ok(Ok(count)) => return count,
            Ok(Err(_)) => ("greater_than_equal", "Input should be greater than or equal to 0"),
            Err(IntegerError::NotAnInteger) => ("int_parsing", "Input should be a valid integer"),
            Err(IntegerError::OutOfRange) => {
                ("int_parsing_size", "Input should be an integer within 64 bits")
            }
        };
        self.problems.add(kind, &Path::QUERY.name(key), msg);
        default
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// The problems found, if any.
    pub fn finish(self) -> Result<(), Problems> {
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems) }
    }

    fn all<'s>(&'s self, key: &str) -> impl Iterator<Item = &'s str> {
        self.pairs.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_ref())
    }

    fn last(&self, key: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_ref())
    }

    fn check(&mut self, at: &Path<'_>, text: String) -> Option<String> {
        let Some((kind, msg)) = misfit(&text, Column::FILTER) else { return Some(text) };
        self.problems.add(kind, at, msg);
        None
    }

    fn noted<T>(
        &mut self,
        value: Option<T>,
        at: &Path<'_>,
        kind: &'static str,
        msg: &'static str,
    ) -> Option<T> {
        if value.is_none() {
            self.problems.add(kind, at, msg);
        }
        value
    }
}

/// Reads the UUID of a URL's path, already decoded.
///
/// # Errors
/// The problem, at the place `('path', name)`.
pub fn path_uuid(name: &str, segment: &str) -> Result<Uuid, Problems> {
    scalar::parse_uuid(segment).ok_or_else(|| {
        let mut problems = Problems::new();
        problems.add("uuid_parsing", &Path::URL.name(name), "Input should be a valid UUID");
        problems
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0b8a4d5e-8e0c-4e0b-9d55-5d0e2b0a9f77";

    #[test]
    fn the_last_scalar_and_every_list_value_count() {
        let mut query = Query::new("limit=1&limit=2&mime_types=a%2Fb&x=y&mime_types=c+d&mime_types=&flag=ON");
        assert_eq!(query.count("limit", 7), 2);
        assert_eq!(query.count("offset", 7), 7);
        assert_eq!(query.texts("mime_types"), ["a/b", "c d", ""]);
        assert_eq!(query.boolean("flag"), Some(true));
        assert_eq!(query.text("absent"), None);
        assert_eq!(query.finish(), Ok(()));
    }

    #[test]
    fn a_filter_on_the_empty_text_is_not_an_absent_filter() {
        let mut query = Query::new("input_ooi=&boefje_id");
        assert_eq!(query.text("input_ooi"), Some(String::new()));
        assert_eq!(query.text("boefje_id"), Some(String::new()));
        assert_eq!(query.finish(), Ok(()));
    }

    #[test]
    fn bracketed_and_comma_joined_lists_are_not_lists() {
        let raw = format!("raw_ids[]={ID}&raw_ids={ID},{ID}");
        let mut query = Query::new(&raw);
        assert!(query.uuids("raw_ids").is_empty());
        assert!(query.finish().unwrap_err().to_string().contains("('query', 'raw_ids', 0)"));
    }

    #[test]
    fn every_problem_is_noted_with_its_place() {
        let mut query =
            Query::new("limit=-1&offset=9223372036854775808&n=x&normalized=&raw_ids=&id=1&t=a%00");
        query.required_text("organization");
        query.count("limit", 1);
        query.count("offset", 0);
        query.count("n", 0);
        query.boolean("normalized");
        query.uuids("raw_ids");
        query.uuid("id");
        query.required_uuid("boefje_meta_id");
        query.text("t");
        let problems = query.finish().unwrap_err();
        let kinds: Vec<_> = problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(
            kinds,
            [
                "missing",
                "greater_than_equal",
                "int_parsing_size",
                "int_parsing",
                "bool_parsing",
                "uuid_parsing",
                "uuid_parsing",
                "missing",
                "string_nul"
            ]
        );
    }

    #[test]
    fn a_path_segment_is_a_uuid_or_a_problem() {
        assert!(path_uuid("raw_id", ID).is_ok());
        assert!(path_uuid("raw_id", "x").unwrap_err().to_string().contains("('path', 'raw_id')"));
    }

    proptest::proptest! {
        #[test]
        fn no_query_string_is_too_odd(raw in proptest::prelude::any::<String>()) {
            let mut query = Query::new(&raw);
            query.count("a", 1);
            query.uuids("b");
            query.texts("c");
            let _any_answer = query.finish();
        }
    }
}
