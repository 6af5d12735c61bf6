//! What a record names, and the keyed hashes under which the index knows it.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use strongroom_model::Digest;

use crate::ports::StoredRecord;

/// Begins what is hashed to the index's key.
const KEY_LABEL: &[u8] = b"strongroom/term-key/v1\n";
/// Begins what is hashed to a term.
const TERM_LABEL: &[u8] = b"strongroom/term/v1\n";
/// Longest name that is indexed, in bytes: longer values are content, not names.
pub const MAX_NAME_BYTES: usize = 512;
/// Bytes of a term.
pub(super) const TERM_BYTES: usize = 16;

/// What kind of thing a life is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TermKind {
    /// Content, by its SHA-256 in 64 lower-case hex digits.
    Object,
    /// What units are about: ids of subjects, keys of removed rows, and personal values of rows.
    Subject,
    /// Who asked, by name.
    Caller,
}

impl TermKind {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Subject => "subject",
            Self::Caller => "caller",
        }
    }

    /// The kind of a word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Object, Self::Subject, Self::Caller].into_iter().find(|kind| kind.word() == word)
    }
}

/// The key of the index: known to whoever can read the database, and to nobody else.
///
/// It is made from the nonce of the first record, so that an index made again is the same.
#[derive(Clone, Copy)]
pub struct TermKey([u8; 32]);

impl TermKey {
    /// The key of the ledger that begins with `first`.
    pub fn of(first: &StoredRecord) -> Self {
        Self(*Digest::of(&[KEY_LABEL, &first.nonce[..]].concat()).as_bytes())
    }

    /// The term of a name.
    pub fn term(&self, kind: TermKind, name: &str) -> Term {
        let mut text = Vec::with_capacity(TERM_LABEL.len() + 33 + name.len());
        text.extend_from_slice(TERM_LABEL);
        text.extend_from_slice(&self.0);
        text.push(match kind {
            TermKind::Object => b'o',
            TermKind::Subject => b's',
            TermKind::Caller => b'c',
        });
        text.extend_from_slice(name.as_bytes());
        let mut term = [0; TERM_BYTES];
        term.copy_from_slice(&Digest::of(&text).as_bytes()[..TERM_BYTES]);
        Term(term)
    }
}

impl std::fmt::Debug for TermKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TermKey")
    }
}

/// A name as the index has it: the first 16 bytes of a keyed SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(pub(super) [u8; TERM_BYTES]);

/// A name that a record gives.
pub type Name = (TermKind, String);

/// All names of a record, opened (`crate::record::plain`); those whose values were erased are not among them.
///
/// Objects are digests in rows, in keys of rows, among subjects and among content that was read. Subjects are ids of
/// subjects, texts in keys of rows that were removed or counted in, and texts in personal columns, which `canonical`
/// tells from others: there they are commitments.
pub fn names(canonical: &Json, plain: &Json) -> BTreeSet<Name> {
    let mut names = Names::default();
    names.add(TermKind::Caller, &plain["caller"]["name"]);
    for subject in list(plain, "subjects") {
        names.subject(&subject["id"]);
    }
    for content in list(plain, "content") {
        names.object(&content["digest"]);
    }
    for (row, committed) in list(plain, "rows").iter().zip(list(canonical, "rows")) {
        for value in members(row, "key") {
            names.subject(value.1);
        }
        for (column, value) in members(row, "values") {
            names.object(value);
            if committed["values"][column].get("c").is_some() {
                names.add(TermKind::Subject, value);
            }
        }
    }
    names.0
}

fn list<'j>(json: &'j Json, member: &str) -> &'j [Json] {
    json.get(member).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

fn members<'j>(json: &'j Json, member: &str) -> impl Iterator<Item = (&'j String, &'j Json)> {
    json.get(member).and_then(Json::as_object).into_iter().flatten()
}

#[derive(Default)]
struct Names(BTreeSet<Name>);

impl Names {
    fn add(&mut self, kind: TermKind, value: &Json) {
        if let Some(text) = value.as_str()
            && !text.is_empty()
            && text.len() <= MAX_NAME_BYTES
        {
            self.0.insert((kind, text.to_owned()));
        }
    }

    /// A digest, if it is one.
    fn object(&mut self, value: &Json) {
        if value.as_str().is_some_and(is_digest) {
            self.add(TermKind::Object, value);
        }
    }

    /// A name that may be a digest too.
    fn subject(&mut self, value: &Json) {
        self.object(value);
        self.add(TermKind::Subject, value);
    }
}

/// Whether a text is a SHA-256 as records write it.
pub fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_names_its_caller_its_subjects_its_objects_and_personal_values() {
        let digest = "ab".repeat(32);
        let plain = json!({
            "caller": {"kind": "account", "name": "kat"},
            "content": [{"digest": "cd".repeat(32), "domain": "bytes/acme"}],
            "subjects": [{"noun": "raw_file", "id": "7"}],
            "rows": [
                {"op": "put", "table": "t", "values": {"a": digest, "b": "secret", "plain": "x", "n": 1}},
                {"op": "remove", "table": "t", "key": {"id": "gone"}},
            ],
        });
        let mut canonical = plain.clone();
        canonical["rows"][0]["values"]["b"] = json!({"c": "00"});
        let found = names(&canonical, &plain);
        let expected = [
            (TermKind::Object, digest),
            (TermKind::Object, "cd".repeat(32)),
            (TermKind::Subject, "7".to_owned()),
            (TermKind::Subject, "gone".to_owned()),
            (TermKind::Subject, "secret".to_owned()),
            (TermKind::Caller, "kat".to_owned()),
        ];
        assert_eq!(found, expected.into_iter().collect());
    }

    #[test]
    fn erased_values_name_nothing() {
        let erased = json!({
            "caller": {"kind": "account", "name": {"c": "00"}},
            "rows": [{"op": "put", "table": "t", "values": {"b": {"c": "00"}}}],
        });
        assert_eq!(names(&erased, &erased), BTreeSet::new());
    }

    #[test]
    fn terms_differ_by_key_kind_and_name() {
        let record = |nonce| StoredRecord {
            index: 0,
            sequence: 0,
            leaf: Vec::new(),
            nonce: [nonce; 32],
            canonical: Vec::new(),
            openings: Vec::new(),
        };
        let key = TermKey::of(&record(1));
        let term = key.term(TermKind::Caller, "kat");
        assert_eq!(term, TermKey::of(&record(1)).term(TermKind::Caller, "kat"));
        assert_ne!(term, key.term(TermKind::Subject, "kat"));
        assert_ne!(term, key.term(TermKind::Caller, "kate"));
        assert_ne!(term, TermKey::of(&record(2)).term(TermKind::Caller, "kat"));
    }
}
