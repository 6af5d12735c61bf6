//! The writer: compact JSON with non-ASCII characters as they are, numbers as Python spells them.

use std::fmt;

use super::value::Value;
use crate::wire::python;

/// A number that is not finite, or a string with half a surrogate pair, cannot be written as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotWritable {
    /// `NaN`, `Infinity`, or a number beyond the range of a 64-bit float.
    #[error("a number that is not finite")]
    NotFinite,
    /// A string or key with a surrogate that has no partner.
    #[error("a string with a surrogate without partner")]
    Unpaired,
}

/// One JSON value as text, in the one spelling that answers, rows and events use.
///
/// Compact, keys in the order they came, floats as Python prints them, strings with only the escapes JSON demands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JsonText(String);

impl JsonText {
    /// Spells `value`.
    ///
    /// # Errors
    /// [`NotWritable`] when some part of it is no JSON.
    pub fn new(value: &Value<'_>) -> Result<Self, NotWritable> {
        let mut text = String::new();
        push_value(&mut text, value)?;
        Ok(Self(text))
    }

    /// Takes back text that [`JsonText::as_str`] gave, as a row keeps it; it is not checked again.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JsonText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Appends `value`; recursion is bounded by the depth the reader accepts.
fn push_value(out: &mut String, value: &Value<'_>) -> Result<(), NotWritable> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Integer("-0") => out.push('0'),
        Value::Integer(digits) => out.push_str(digits),
        Value::Float(float) if float.is_finite() => out.push_str(&python::float_repr(*float)),
        Value::Float(_) => return Err(NotWritable::NotFinite),
        Value::Text(text) => push_text(out, text),
        Value::Unpaired => return Err(NotWritable::Unpaired),
        Value::List(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                push_value(out, element)?;
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for (index, (key, member)) in object.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                push_text(out, key.ok_or(NotWritable::Unpaired)?);
                out.push(':');
                push_value(out, member)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// Appends `text` as a JSON string.
pub fn push_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(length) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        let (plain, odd) = rest.split_at(length);
        out.push_str(plain);
        push_escape(out, odd.as_bytes()[0]);
        rest = &odd[1..];
    }
    out.push_str(rest);
    out.push('"');
}

fn push_escape(out: &mut String, byte: u8) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        8 => out.push_str("\\b"),
        12 => out.push_str("\\f"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        _ => {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            out.push_str("\\u00");
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::{DEEPEST, parse};

    fn respelled(text: &str) -> Result<String, NotWritable> {
        JsonText::new(&parse(text.as_bytes()).unwrap()).map(|text| text.to_string())
    }

    #[test]
    fn order_and_numbers_survive() {
        let check = |text: &str, expected: &str| assert_eq!(respelled(text).unwrap(), expected);
        check("{ \"b\" : 1 , \"a\" : [ 1.0 , 1e100, -0.0 ] }", "{\"b\":1,\"a\":[1.0,1e+100,-0.0]}");
        check("[1E5, 1e16, 1.50, 0.00001, -0, 1e-7]", "[100000.0,1e+16,1.5,1e-05,0,1e-07]");
        check("123456789012345678901234567890", "123456789012345678901234567890");
        check("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}");
        check("[true,false,null,{},[],\"\"]", "[true,false,null,{},[],\"\"]");
    }

    #[test]
    fn strings_carry_only_the_escapes_json_demands() {
        let check = |text: &str, expected: &str| assert_eq!(respelled(text).unwrap(), expected);
        check(r#""\u00e4\/\u0041\u2028\u007f""#, "\"ä/A\u{2028}\u{7f}\"");
        check(r#""\u0000\u001f\b\f\n\r\t\"\\""#, r#""\u0000\u001f\b\f\n\r\t\"\\""#);
        check(r#""\ud83d\ude00""#, "\"😀\"");
    }

    #[test]
    fn what_is_no_json_is_refused() {
        assert_eq!(respelled("[NaN]"), Err(NotWritable::NotFinite));
        assert_eq!(respelled("{\"a\":1e999}"), Err(NotWritable::NotFinite));
        assert_eq!(respelled(r#"["\ud800"]"#), Err(NotWritable::Unpaired));
        assert_eq!(respelled(r#"{"\ud800":1}"#), Err(NotWritable::Unpaired));
    }

    #[test]
    fn the_deepest_body_is_written_again() {
        let text = "[".repeat(DEEPEST) + &"]".repeat(DEEPEST);
        assert_eq!(respelled(&text).unwrap(), text);
    }

    proptest::proptest! {
        #[test]
        fn text_reads_back_through_another_reader(text in proptest::prelude::any::<String>()) {
            let mut out = String::new();
            push_text(&mut out, &text);
            proptest::prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }

        #[test]
        fn spelling_twice_changes_nothing(text in "[\\[\\]{}:,\"a\\\\un0-9.eE+\\- tfrs]{0,24}") {
            if let Ok(value) = parse(text.as_bytes())
                && let Ok(once) = JsonText::new(&value)
            {
                let twice = JsonText::new(&parse(once.as_str().as_bytes()).unwrap()).unwrap();
                proptest::prop_assert_eq!(once, twice);
            }
        }
    }
}
