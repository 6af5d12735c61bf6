//! The record of one raw file.

use uuid::Uuid;

use super::{BoefjeMeta, boefje_meta::Purpose, push_list, push_optional};
use crate::wire::{
    fields::{self, Column, Fields},
    json::{self, Value},
    scalar,
    validation::{Path, Problems},
};

/// A raw file without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawMeta {
    /// Chosen by the server.
    pub id: Uuid,
    /// The job that made the file.
    pub boefje_meta: BoefjeMeta,
    /// Its labels, in the order they were uploaded; a set.
    pub mime_types: Vec<String>,
    /// The hash that binds content to end time, see [`crate::wire::hash`].
    pub secure_hash: Option<String>,
    /// Who proves that the hash existed.
    pub signing_provider_url: Option<String>,
    /// The proof, or where it is.
    pub hash_retrieval_link: Option<String>,
}

impl RawMeta {
    /// Appends the record as JSON.
    pub fn push_json(&self, out: &mut String) {
        push_raw_meta(
            out,
            &self.id,
            &self.boefje_meta,
            &self.mime_types,
            [
                self.secure_hash.as_deref(),
                self.signing_provider_url.as_deref(),
                self.hash_retrieval_link.as_deref(),
            ],
        );
    }
}

/// Appends a raw file's record; `proof` is hash, provider and link.
pub(in crate::wire) fn push_raw_meta(
    out: &mut String,
    id: &Uuid,
    boefje_meta: &BoefjeMeta,
    mime_types: &[String],
    proof: [Option<&str>; 3],
) {
    out.push_str("{\"id\":\"");
    scalar::push_uuid(out, id);
    out.push_str("\",\"boefje_meta\":");
    boefje_meta.push_json(out);
    out.push_str(",\"mime_types\":");
    push_list(out, mime_types, |out, mime_type| {
        out.push_str("{\"value\":");
        json::push_text(out, mime_type);
        out.push('}');
    });
    let [secure_hash, signing_provider_url, hash_retrieval_link] = proof;
    out.push_str(",\"secure_hash\":");
    push_optional(out, secure_hash);
    out.push_str(",\"signing_provider_url\":");
    push_optional(out, signing_provider_url);
    out.push_str(",\"hash_retrieval_link\":");
    push_optional(out, hash_retrieval_link);
    out.push('}');
}

/// Checks a raw file's record as a client sends it back, of which only the id is used.
pub(super) fn read_id(value: &Value<'_>, at: &Path<'_>, problems: &mut Problems) -> Option<Uuid> {
    let mut fields = Fields::open(value, at, problems)?;
    let id = fields.uuid("id");
    let boefje_meta = fields.required("boefje_meta", |value, at, problems| {
        BoefjeMeta::read(value, at, problems, Purpose::Dropped)
    });
    // Absent is an empty set, but null is no set.
    let mime_types = fields.defaulted("mime_types", check_mime_types);
    let hash = fields.optional_text("secure_hash", Column::Dropped);
    let provider = fields.optional_text("signing_provider_url", Column::Dropped);
    let link = fields.optional_text("hash_retrieval_link", Column::Dropped);
    boefje_meta.and(mime_types).and(hash).and(provider).and(link).and(id)
}

fn check_mime_types(value: &Value<'_>, at: &Path<'_>, problems: &mut Problems) -> Option<()> {
    let Value::List(elements) = value else {
        problems.add("set_type", at, "Input should be a valid set");
        return None;
    };
    let mut sound = Some(());
    for (index, element) in elements.iter().enumerate() {
        let at = at.index(index);
        let value = Fields::open(element, &at, problems)
            .and_then(|mut fields| fields.required("value", fields::read_text));
        sound = sound.and(value.map(|_| ()));
    }
    sound
}
