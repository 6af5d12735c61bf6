//! Hides secrets of scanners in answers, where the configuration names them.
//!
//! Only in answers: events and rows keep them, since the parsers work with them.

use crate::wire::{
    json::{self, JsonText, Value, push_text},
    models::{BoefjeMeta, NormalizerMeta, RawMeta},
};

/// What stands in place of a hidden value.
const HIDDEN: &str = "***";

/// Names of environment entries whose values are hidden.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mask(Vec<Pattern>);

/// A name, or the beginning or end of names.
#[derive(Debug, Clone)]
enum Pattern {
    Is(String),
    Begins(String),
    Ends(String),
}

impl Pattern {
    fn new(text: &str) -> Self {
        match (text.strip_prefix('*'), text.strip_suffix('*')) {
            (Some(end), _) => Self::Ends(end.to_owned()),
            (None, Some(beginning)) => Self::Begins(beginning.to_owned()),
            (None, None) => Self::Is(text.to_owned()),
        }
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Is(text) => name == text,
            Self::Begins(text) => name.starts_with(text.as_str()),
            Self::Ends(text) => name.ends_with(text.as_str()),
        }
    }
}

impl Mask {
    /// The mask of these names; a `*` at the beginning or the end stands for anything.
    pub(crate) fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| Pattern::new(name)).collect())
    }

    /// This job with its secrets hidden.
    pub(crate) fn job(&self, mut meta: BoefjeMeta) -> BoefjeMeta {
        if !self.0.is_empty() {
            meta.environment = meta.environment.map(|environment| self.environment(environment));
        }
        meta
    }

    /// This raw file with the secrets of its job hidden.
    pub(crate) fn raw(&self, meta: RawMeta) -> RawMeta {
        RawMeta { boefje_meta: self.job(meta.boefje_meta), ..meta }
    }

    /// This parser job with the secrets of the scan job behind it hidden.
    pub(crate) fn parser_job(&self, meta: NormalizerMeta) -> NormalizerMeta {
        NormalizerMeta { raw_data: self.raw(meta.raw_data), ..meta }
    }

    fn environment(&self, environment: JsonText) -> JsonText {
        let Ok(Value::Object(entries)) = json::parse(environment.as_str().as_bytes()) else {
            return environment;
        };
        let mut shown = String::from("{");
        for (index, (name, value)) in entries.iter().enumerate() {
            let name = name.unwrap_or_default();
            if index > 0 {
                shown.push(',');
            }
            push_text(&mut shown, name);
            shown.push(':');
            match value {
                Value::Text(text) if !self.0.iter().any(|pattern| pattern.matches(name)) => {
                    push_text(&mut shown, text);
                }
                _ => push_text(&mut shown, HIDDEN),
            }
        }
        shown.push('}');
        JsonText::from_stored(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_values_are_hidden() {
        let mask =
            |names: &[&str]| Mask::new(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let shown = |names: &[&str]| {
            let environment = JsonText::from_stored(r#"{"B_KEY":"k\"1","A":"ä","KEY":"2"}"#.to_owned());
            mask(names).environment(environment).as_str().to_owned()
        };
        assert_eq!(shown(&["KEY"]), r#"{"B_KEY":"k\"1","A":"ä","KEY":"***"}"#);
        assert_eq!(shown(&["*KEY"]), r#"{"B_KEY":"***","A":"ä","KEY":"***"}"#);
        assert_eq!(shown(&["B*"]), r#"{"B_KEY":"***","A":"ä","KEY":"2"}"#);
        assert_eq!(shown(&["*"]), r#"{"B_KEY":"***","A":"***","KEY":"***"}"#);
    }
}
