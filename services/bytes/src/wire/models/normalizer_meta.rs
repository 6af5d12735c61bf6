//! The record of one parser job.

use strongroom_model::Timestamp;
use uuid::Uuid;

use super::{
    RawMeta,
    boefje_meta::{Purpose, push_tool, read_tool},
    push_optional_instant, raw_meta,
};
use crate::wire::{
    body,
    fields::Fields,
    json::Value,
    scalar,
    validation::{BodyError, Path, Problems},
};

/// A parser job as it is posted.
///
/// The client sends the whole record of the raw file; it must be well-formed, but only its id is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNormalizerMeta {
    /// Chosen by the client.
    pub id: Uuid,
    /// When the job started.
    pub started_at: Timestamp,
    /// When the job ended.
    pub ended_at: Timestamp,
    /// The raw file it read.
    pub raw_id: Uuid,
    /// The parser; at most 64 characters.
    pub normalizer_id: String,
    /// Its version; at most 16 characters.
    pub normalizer_version: Option<String>,
}

impl NewNormalizerMeta {
    /// Reads the body of `POST /bytes/normalizer_meta`.
    ///
    /// # Errors
    /// [`BodyError`] with every problem found.
    pub fn from_body(content_type: Option<&str>, bytes: &[u8]) -> Result<Self, BodyError> {
        body::read(content_type, bytes, Self::read)
    }

    fn read(value: &Value<'_>, at: &Path<'_>, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::open(value, at, problems)?;
        let id = fields.uuid("id");
        let started_at = fields.instant("started_at");
        let ended_at = fields.instant("ended_at");
        let raw_id = fields.required("raw_data", raw_meta::read_id);
        let normalizer = fields
            .required("normalizer", |value, at, problems| read_tool(value, at, problems, Purpose::Stored));
        let (normalizer_id, normalizer_version) = normalizer?;
        Some(Self {
            id: id?,
            started_at: started_at?,
            ended_at: ended_at?,
            raw_id: raw_id?,
            normalizer_id,
            normalizer_version,
        })
    }
}

/// A parser job as it is answered, with the record of its raw file as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NormalizerMeta {
    /// Chosen by the client.
    pub id: Uuid,
    /// When the job started; absent in old imported rows only.
    pub started_at: Option<Timestamp>,
    /// When the job ended; absent in old imported rows only.
    pub ended_at: Option<Timestamp>,
    /// The raw file it read.
    pub raw_data: RawMeta,
    /// The parser.
    pub normalizer_id: String,
    /// Its version.
    pub normalizer_version: Option<String>,
}

impl NormalizerMeta {
    /// Appends the record as JSON.
    pub fn push_json(&self, out: &mut String) {
        out.push_str("{\"id\":\"");
        scalar::push_uuid(out, &self.id);
        out.push_str("\",\"started_at\":");
        push_optional_instant(out, self.started_at);
        out.push_str(",\"ended_at\":");
        push_optional_instant(out, self.ended_at);
        out.push_str(",\"raw_data\":");
        self.raw_data.push_json(out);
        out.push_str(",\"normalizer\":");
        push_tool(out, &self.normalizer_id, self.normalizer_version.as_deref());
        out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::models::BoefjeMeta;

    const BOEFJE: &str = concat!(
        r#"{"id":"6d1f0f6e-4d0b-4a53-9a57-1c9e0c6d7a10","started_at":"2025-03-04T10:20:30Z","#,
        r#""ended_at":"2025-03-04T10:20:41.500000Z","boefje":{"id":"ssl-version","version":null},"#,
        r#""input_ooi":null,"arguments":{},"organization":"acme","runnable_hash":null,"environment":null}"#
    );

    fn raw(mime_types: &str) -> String {
        format!(
            concat!(
                r#"{{"id":"0b8a4d5e-8e0c-4e0b-9d55-5d0e2b0a9f77","boefje_meta":{},{}"secure_hash":"sha512:00","#,
                r#""signing_provider_url":null,"hash_retrieval_link":"x"}}"#
            ),
            BOEFJE, mime_types
        )
    }

    fn normalizer(raw: &str) -> String {
        format!(
            concat!(
                r#"{{"id":"7c1e6f0a-1d0e-4c57-a6c1-6b2f5f0b1a55","started_at":"2025-03-04T10:20:50Z","#,
                r#""ended_at":"2025-03-04T10:20:51Z","raw_data":{},"normalizer":{{"id":"parse","version":"1"}}}}"#
            ),
            raw
        )
    }

    fn problems_of(body: &str) -> String {
        match NewNormalizerMeta::from_body(None, body.as_bytes()) {
            Err(BodyError::Invalid(problems)) => problems.to_string(),
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn a_record_is_written_as_it_came() {
        let raw = raw(r#""mime_types":[{"value":"text/xml"},{"value":"b"}],"#);
        let text = normalizer(&raw);
        let new = NewNormalizerMeta::from_body(None, text.as_bytes()).unwrap();
        let meta = NormalizerMeta {
            id: new.id,
            started_at: Some(new.started_at),
            ended_at: Some(new.ended_at),
            raw_data: RawMeta {
                id: new.raw_id,
                boefje_meta: BoefjeMeta::from_body(None, BOEFJE.as_bytes()).unwrap(),
                mime_types: vec!["text/xml".to_owned(), "b".to_owned()],
                secure_hash: Some("sha512:00".to_owned()),
                signing_provider_url: None,
                hash_retrieval_link: Some("x".to_owned()),
            },
            normalizer_id: new.normalizer_id,
            normalizer_version: new.normalizer_version,
        };
        let mut out = String::new();
        meta.push_json(&mut out);
        assert_eq!(out, text);
    }

    #[test]
    fn mime_types_may_be_absent_but_not_null_nor_plain_strings() {
        assert!(NewNormalizerMeta::from_body(None, normalizer(&raw("")).as_bytes()).is_ok());
        assert!(problems_of(&normalizer(&raw("\"mime_types\":null,"))).contains("set_type"));
        let text = problems_of(&normalizer(&raw("\"mime_types\":[{\"value\":\"a\"},\"b\",{}],")));
        assert!(text.contains("('body', 'raw_data', 'mime_types', 1)"), "{text}");
        assert!(text.contains("('body', 'raw_data', 'mime_types', 2, 'value')"), "{text}");
    }

    #[test]
    fn the_job_inside_must_be_complete_but_need_not_fit_a_column() {
        let text = problems_of(&normalizer(&raw("").replace(r#""arguments":{},"#, "")));
        assert!(text.contains("('body', 'raw_data', 'boefje_meta', 'arguments')"), "{text}");
        let long = normalizer(&raw("").replace("acme", &"a/".repeat(99)));
        assert!(NewNormalizerMeta::from_body(None, long.as_bytes()).is_ok());
    }

    #[test]
    fn the_parsers_own_columns_are_checked() {
        assert!(problems_of(&normalizer(&raw("")).replace("parse", &"p".repeat(65))).contains("at most 64"));
        let long =
            normalizer(&raw("")).replace(r#""version":"1""#, &format!("\"version\":\"{}\"", "1".repeat(17)));
        assert!(problems_of(&long).contains("at most 16"));
    }
}
