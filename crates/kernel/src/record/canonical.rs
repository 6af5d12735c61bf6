//! JSON in the canonical form of RFC 8785, written straight from what a record holds.
//!
//! Only what records need: objects whose member names are given in sorted order, strings, safe integers.

use std::fmt::Write as _;

/// Writes canonical JSON. Members must be given in the order of their names (RFC 8785 §3.2.3).
#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
    fresh: bool,
}

impl Writer {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), fresh: true }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    pub(super) fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.text.push('{');
        self.fresh = true;
        members(self);
        self.text.push('}');
        self.fresh = false;
    }

    pub(super) fn array<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut item: impl FnMut(&mut Self, T),
    ) {
        self.text.push('[');
        for (place, value) in items.into_iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            item(self, value);
        }
        self.text.push(']');
        self.fresh = false;
    }

    pub(super) fn name(&mut self, name: &str) -> &mut Self {
        if !self.fresh {
            self.text.push(',');
        }
        self.string(name);
        self.text.push(':');
        self.fresh = false;
        self
    }

    pub(super) fn string(&mut self, value: &str) {
        self.text.push('"');
        let mut clean_from = 0;
        for (at, byte) in value.bytes().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.text.push_str(&value[clean_from..at]);
            clean_from = at + 1;
            match byte {
                b'"' => self.text.push_str("\\\""),
                b'\\' => self.text.push_str("\\\\"),
                0x08 => self.text.push_str("\\b"),
                0x09 => self.text.push_str("\\t"),
                0x0a => self.text.push_str("\\n"),
                0x0c => self.text.push_str("\\f"),
                0x0d => self.text.push_str("\\r"),
                _ => write!(self.text, "\\u{byte:04x}").expect("writing to a string succeeds"),
            }
        }
        self.text.push_str(&value[clean_from..]);
        self.text.push('"');
        self.fresh = false;
    }

    pub(super) fn integer(&mut self, value: i64) {
        write!(self.text, "{value}").expect("writing to a string succeeds");
        self.fresh = false;
    }

    pub(super) fn literal(&mut self, literal: &'static str) {
        self.text.push_str(literal);
        self.fresh = false;
    }

    pub(super) fn hex(&mut self, bytes: &[u8]) {
        self.text.push('"');
        self.text.push_str(&hex::encode(bytes));
        self.text.push('"');
        self.fresh = false;
    }

    /// Appends canonical JSON made by another writer.
    pub(super) fn splice(&mut self, json: &str) {
        self.text.push_str(json);
        self.fresh = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn write(value: &serde_json::Value, writer: &mut Writer) {
        match value {
            serde_json::Value::Null => writer.literal("null"),
            serde_json::Value::Bool(value) => writer.literal(if *value { "true" } else { "false" }),
            serde_json::Value::Number(number) => writer.integer(number.as_i64().unwrap()),
            serde_json::Value::String(text) => writer.string(text),
            serde_json::Value::Array(items) => writer.array(items, |writer, item| write(item, writer)),
            serde_json::Value::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
                writer.object(|writer| {
                    for (name, value) in sorted {
                        writer.name(name);
                        write(value, writer);
                    }
                });
            }
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            (-9_007_199_254_740_991i64..=9_007_199_254_740_991).prop_map(serde_json::Value::from),
            "\\PC{0,8}|[\u{0}-\u{7f}]{0,8}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
                prop::collection::btree_map("[a-z\u{e9}\u{1F600}\"]{0,3}", inner, 0..5)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_another_writer_of_rfc_8785(value in any_json()) {
            let mut writer = Writer::with_capacity(64);
            write(&value, &mut writer);
            prop_assert_eq!(writer.into_bytes(), serde_json_canonicalizer::to_vec(&value).unwrap());
        }
    }
}
