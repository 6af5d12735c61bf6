//! The members of a posted trace, each read for itself so that each can be named when it is wrong.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::{few::few, problem::Problems};

/// Longest text that is stored: ids, names of tools.
pub(in crate::wire) const MAX_CHARACTERS: usize = 512;

type Raw<'a> = Option<&'a RawValue>;

/// Every member any version knows; `null` counts as absent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub(super) struct Members<'a> {
    #[serde(borrow, default)]
    pub(super) user_id: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) user_action: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) blockchains: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) dataset_id: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) datasets_ids: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) previous_ids: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) previous_id: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) application_id: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) model_id: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) models_ids: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) tool_name: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) tool_version: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) details: Raw<'a>,
    #[serde(borrow, default)]
    pub(super) resources: Raw<'a>,
}

/// Reads members and keeps what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) problems: Problems,
}

impl Reader {
    pub(super) fn problem(&mut self, field: &str, message: &str) {
        self.problems.add(field, message);
    }

    /// A text that must be there.
    pub(super) fn text(&mut self, field: &str, raw: Raw<'_>) -> Option<String> {
        let Some(raw) = raw else {
            self.problem(field, "is missing");
            return None;
        };
        let Ok(text) = serde_json::from_str::<String>(raw.get()) else {
            self.problem(field, "must be a text");
            return None;
        };
        self.checked(field, text)
    }

    /// A text that may be absent, but not blank.
    pub(super) fn optional_text(&mut self, field: &str, raw: Raw<'_>) -> Option<String> {
        let raw = raw?;
        // an empty tool is what a form without a choice sends
        if raw.get() == "\"\"" {
            return None;
        }
        self.text(field, Some(raw))
    }

    /// A list of texts that must be there and have a member.
    pub(super) fn texts(&mut self, field: &str, raw: Raw<'_>, most: usize) -> Vec<String> {
        if raw.is_none() {
            self.problem(field, "is missing");
        }
        let texts = self.optional_texts(field, raw, most);
        if texts.is_empty() && raw.is_some() && !self.told(field) {
            self.problem(field, "must not be empty");
        }
        texts
    }

    /// As [`Reader::texts`], where one text may stand for a list of it alone.
    pub(super) fn text_or_texts(&mut self, field: &str, raw: Raw<'_>, most: usize) -> Vec<String> {
        match raw {
            Some(text) if text.get().starts_with('"') => self.text(field, raw).into_iter().collect(),
            _ => self.texts(field, raw, most),
        }
    }

    /// A list of texts that may be absent or empty.
    pub(super) fn optional_texts(&mut self, field: &str, raw: Raw<'_>, most: usize) -> Vec<String> {
        let Some(raw) = raw else { return Vec::new() };
        let Ok(members) = few::<&RawValue>(raw.get(), most) else {
            self.problem(field, "must be a list of texts");
            return Vec::new();
        };
        if members.len() > most {
            self.problem(field, &format!("has more than {most} members"));
            return Vec::new();
        }
        let texts = members
            .into_iter()
            .enumerate()
            .filter_map(|(place, member)| self.text(&format!("{field}[{place}]"), Some(member)));
        texts.collect()
    }

    /// A text that can be stored and looked for.
    pub(super) fn checked(&mut self, field: &str, text: String) -> Option<String> {
        if text.trim().is_empty() {
            self.problem(field, "must not be blank");
        } else if text.contains('\0') {
            self.problem(field, "must not hold a NUL character");
        } else if text.chars().count() > MAX_CHARACTERS {
            self.problem(field, &format!("has more than {MAX_CHARACTERS} characters"));
        } else {
            return Some(text);
        }
        None
    }

    fn told(&self, field: &str) -> bool {
        self.problems.list().iter().any(|problem| problem.field.starts_with(field))
    }
}
