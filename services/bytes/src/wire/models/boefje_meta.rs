//! The record of one scan job.

use strongroom_model::Timestamp;
use uuid::Uuid;

use super::{
    ID_CHARACTERS, INPUT_CHARACTERS, ORGANIZATION_CHARACTERS, VERSION_CHARACTERS, push_optional,
    push_optional_instant,
};
use crate::wire::{
    body,
    fields::{self, Column, Fields},
    json::{self, JsonText, Value},
    scalar,
    validation::{BodyError, Path, Problems},
};

/// Who ran which scan on what, when and with which settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoefjeMeta {
    /// Chosen by the client.
    pub id: Uuid,
    /// When the job started; its order to `ended_at` is not checked. Absent in old imported rows only.
    pub started_at: Option<Timestamp>,
    /// When the job ended; part of every hash of its files. Absent in old imported rows only.
    pub ended_at: Option<Timestamp>,
    /// The scanner; at most 64 characters, may be empty.
    pub boefje_id: String,
    /// Its version; at most 16 characters.
    pub boefje_version: Option<String>,
    /// What was scanned; at most 1,024 characters. Absent is a value of its own in filters.
    pub input_ooi: Option<String>,
    /// A JSON object, order and numbers as they came.
    pub arguments: JsonText,
    /// At most 32 characters; may be empty, but never a path.
    pub organization: String,
    /// At most 64 characters.
    pub runnable_hash: Option<String>,
    /// A JSON object of strings, order as it came; holds secrets of the scanner.
    pub environment: Option<JsonText>,
}

/// How far a job's record is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It will be stored: every value must fit its column.
    Stored,
    /// It only accompanies something else and is dropped after the check.
    Dropped,
}

impl Purpose {
    pub(super) fn column(self, characters: usize) -> Column {
        match self {
            Self::Stored => Column::Characters(characters),
            Self::Dropped => Column::Dropped,
        }
    }
}

impl BoefjeMeta {
    /// Reads the body of `POST /bytes/boefje_meta`.
    ///
    /// # Errors
    /// [`BodyError`] with every problem found.
    pub fn from_body(content_type: Option<&str>, bytes: &[u8]) -> Result<Self, BodyError> {
        body::read(content_type, bytes, |value, at, problems| {
            Self::read(value, at, problems, Purpose::Stored)
        })
    }

    pub(super) fn read(
        value: &Value<'_>,
        at: &Path<'_>,
        problems: &mut Problems,
        purpose: Purpose,
    ) -> Option<Self> {
        let mut fields = Fields::open(value, at, problems)?;
        let id = fields.uuid("id");
        let started_at = fields.instant("started_at");
        let ended_at = fields.instant("ended_at");
        let boefje = fields.required("boefje", |value, at, problems| read_tool(value, at, problems, purpose));
        let input_ooi = fields.optional_text("input_ooi", purpose.column(INPUT_CHARACTERS));
        let arguments = fields.required("arguments", |value, at, problems| match purpose {
            Purpose::Stored => fields::read_json_object(value, at, problems),
            Purpose::Dropped => check_object(value, at, problems),
        });
        let organization = fields
            .required("organization", |value, at, problems| read_organization(value, at, problems, purpose));
        let runnable_hash = fields.optional_text("runnable_hash", purpose.column(ID_CHARACTERS));
        let environment = fields.optional("environment", fields::read_string_map);
        let (boefje_id, boefje_version) = boefje?;
        Some(Self {
            id: id?,
            started_at: Some(started_at?),
            ended_at: Some(ended_at?),
            boefje_id,
            boefje_version,
            input_ooi: input_ooi?,
            arguments: arguments?,
            organization: organization?,
            runnable_hash: runnable_hash?,
            environment: environment?,
        })
    }

    /// Appends the record as JSON.
    pub fn push_json(&self, out: &mut String) {
        out.push_str("{\"id\":\"");
        scalar::push_uuid(out, &self.id);
        out.push_str("\",\"started_at\":");
        push_optional_instant(out, self.started_at);
        out.push_str(",\"ended_at\":");
        push_optional_instant(out, self.ended_at);
        out.push_str(",\"boefje\":");
        push_tool(out, &self.boefje_id, self.boefje_version.as_deref());
        out.push_str(",\"input_ooi\":");
        push_optional(out, self.input_ooi.as_deref());
        out.push_str(",\"arguments\":");
        out.push_str(self.arguments.as_str());
        out.push_str(",\"organization\":");
        json::push_text(out, &self.organization);
        out.push_str(",\"runnable_hash\":");
        push_optional(out, self.runnable_hash.as_deref());
        out.push_str(",\"environment\":");
        out.push_str(self.environment.as_ref().map_or("null", JsonText::as_str));
        out.push('}');
    }
}

/// Reads `boefje` or `normalizer`: id and version.
pub(super) fn read_tool(
    value: &Value<'_>,
    at: &Path<'_>,
    problems: &mut Problems,
    purpose: Purpose,
) -> Option<(String, Option<String>)> {
    let mut fields = Fields::open(value, at, problems)?;
    let id = fields.text("id", purpose.column(ID_CHARACTERS));
    let version = fields.optional_text("version", purpose.column(VERSION_CHARACTERS));
    Some((id?, version?))
}

/// Appends `boefje` or `normalizer`.
pub(super) fn push_tool(out: &mut String, id: &str, version: Option<&str>) {
    out.push_str("{\"id\":");
    json::push_text(out, id);
    out.push_str(",\"version\":");
    push_optional(out, version);
    out.push('}');
}

/// Checks that a value is an object, whatever is in it.
fn check_object(value: &Value<'_>, at: &Path<'_>, problems: &mut Problems) -> Option<JsonText> {
    if matches!(value, Value::Object(_)) {
        return Some(JsonText::from_stored("{}".to_owned()));
    }
    fields::read_json_object(value, at, problems)
}

/// Reads an organisation, which must not be able to act as a path.
///
/// The original used it as a folder name unchecked, so that `../x` wrote outside the data folder. The empty one stays
/// allowed: it never was refused, and content is no longer laid out by organisation.
fn read_organization(
    value: &Value<'_>,
    at: &Path<'_>,
    problems: &mut Problems,
    purpose: Purpose,
) -> Option<String> {
    let text = fields::read_column(value, at, problems, purpose.column(ORGANIZATION_CHARACTERS))?;
    if purpose == Purpose::Stored && (text.contains(['/', '\\']) || text == "." || text == "..") {
        problems.add(
            "value_error",
            at,
            "Organization should not contain a slash or backslash, nor be '.' or '..'",
        );
        return None;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"{"id":"6D1F0F6E4D0B4A539A571C9E0C6D7A10","started_at":"2025-03-04T11:20:30+01:00",
        "ended_at":"2025-03-04T10:20:41.5Z","boefje":{"id":"ssl-version","version":"0.4","name":"ignored"},
        "input_ooi":"Hostname|internet|shop.example","arguments": {"input" : {"b": 1.0, "a": 1E2}},
        "organization":"acme","oci_image":null,"environment":{"B":"2","A":"ä"}}"#;

    fn problems_of(body: &str) -> String {
        match BoefjeMeta::from_body(None, body.as_bytes()) {
            Err(BodyError::Invalid(problems)) => problems.to_string(),
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn a_full_record_is_written_in_the_originals_order() {
        let mut out = String::new();
        BoefjeMeta::from_body(None, FULL.as_bytes()).unwrap().push_json(&mut out);
        assert_eq!(
            out,
            concat!(
                r#"{"id":"6d1f0f6e-4d0b-4a53-9a57-1c9e0c6d7a10","started_at":"2025-03-04T10:20:30Z","#,
                r#""ended_at":"2025-03-04T10:20:41.500000Z","boefje":{"id":"ssl-version","version":"0.4"},"#,
                r#""input_ooi":"Hostname|internet|shop.example","arguments":{"input":{"b":1.0,"a":100.0}},"#,
                r#""organization":"acme","runnable_hash":null,"environment":{"B":"2","A":"ä"}}"#
            )
        );
    }

    #[test]
    fn what_was_written_reads_back_as_itself() {
        let meta = BoefjeMeta::from_body(None, FULL.as_bytes()).unwrap();
        let mut out = String::new();
        meta.push_json(&mut out);
        assert_eq!(BoefjeMeta::from_body(Some("application/json"), out.as_bytes()), Ok(meta));
    }

    #[test]
    fn an_old_record_without_instants_is_written_with_nulls_but_not_accepted() {
        let meta = BoefjeMeta::from_body(None, FULL.as_bytes()).unwrap();
        let mut out = String::new();
        BoefjeMeta { started_at: None, ended_at: None, ..meta }.push_json(&mut out);
        assert!(out.contains(r#""started_at":null,"ended_at":null,"boefje""#), "{out}");
        assert_eq!(problems_of(&out).matches("'datetime_type'").count(), 2);
    }

    #[test]
    fn every_missing_field_is_named() {
        let text = problems_of("{}");
        for name in ["id", "started_at", "ended_at", "boefje", "arguments", "organization"] {
            assert!(text.contains(&format!("'loc': ('body', '{name}')")), "{text}");
        }
        assert_eq!(text.matches("'missing'").count(), 6);
        assert!(problems_of("[]").contains("'loc': ('body',)"));
    }

    #[test]
    fn nested_problems_carry_their_place() {
        let text = problems_of(&FULL.replace(r#""version":"0.4""#, r#""version":0.4"#));
        assert_eq!(
            text,
            "[{'type': 'string_type', 'loc': ('body', 'boefje', 'version'), 'msg': 'Input should be a valid string'}]"
        );
        let text = problems_of(&FULL.replace(r#""B":"2""#, r#""B":2"#));
        assert!(text.contains("('body', 'environment', 'B')"), "{text}");
    }

    #[test]
    fn column_limits_count_characters() {
        let with = |organization: &str| FULL.replace(r#""acme""#, &format!("\"{organization}\""));
        assert!(BoefjeMeta::from_body(None, with(&"ä".repeat(32)).as_bytes()).is_ok());
        assert!(problems_of(&with(&"ä".repeat(33))).contains("at most 32 characters"));
        assert!(problems_of(&FULL.replace("ssl-version", &"x".repeat(65))).contains("at most 64 characters"));
        assert!(problems_of(&FULL.replace("0.4", &"x".repeat(17))).contains("at most 16 characters"));
        assert!(problems_of(&FULL.replace("shop.example", &"x".repeat(1025))).contains("at most 1024"));
        assert!(problems_of(&FULL.replace("shop.example", "\\u0000")).contains("NUL"));
    }

    #[test]
    fn an_organisation_is_never_a_path() {
        let with = |organization: &str| FULL.replace(r#""acme""#, &format!("\"{organization}\""));
        for organization in ["", "a.b", "...", ".a", "a b"] {
            assert!(BoefjeMeta::from_body(None, with(organization).as_bytes()).is_ok(), "{organization}");
        }
        for organization in [".", "..", "a/b", "/", "a\\\\b", "../x", "a\\u0000", "\\u002e"] {
            let text = problems_of(&with(organization));
            assert!(text.contains("('body', 'organization')"), "{organization}: {text}");
        }
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused_only_where_stored() {
        assert!(problems_of(&FULL.replace("1E2", "1e999")).contains("finite"));
        assert!(problems_of(&FULL.replace("1E2", "NaN")).contains("finite"));
        assert!(
            BoefjeMeta::from_body(None, FULL.replace("\"oci_image\":null", "\"x\":NaN").as_bytes()).is_ok()
        );
    }
}
