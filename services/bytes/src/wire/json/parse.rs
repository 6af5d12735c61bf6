//! The reader for whole bodies: text to [`Value`].
//!
//! Grammar and limits of Python's `json.loads`: `NaN`, `Infinity` and `-Infinity` are numbers, control characters in
//! strings are errors, so is anything after the value. It keeps its own stack, so that depth costs heap, not stack.

use std::borrow::Cow;

use super::{
    DEEPEST, LONGEST_INTEGER,
    value::{Object, Value},
};
use crate::wire::{
    encoding::{join, push_code_point},
    validation::BodyError,
};

type Key<'a> = Option<Cow<'a, str>>;

/// Reads one JSON value that fills `text`, which is generalised UTF-8 as [`crate::wire::encoding::decode`] gives it.
///
/// # Errors
/// [`BodyError::Invalid`] for a syntax error, with its offset in bytes; [`BodyError::Unparsable`] above
/// [`DEEPEST`] levels or [`LONGEST_INTEGER`] digits.
pub fn parse(text: &[u8]) -> Result<Value<'_>, BodyError> {
    let mut reader = Reader { text, at: 0 };
    let mut open: Vec<Frame<'_>> = Vec::new();
    loop {
        let mut value = match reader.begin(open.len())? {
            Begun::Value(value) => value,
            Begun::Inside(frame) => {
                open.push(frame);
                continue;
            }
        };
        loop {
            let Some(mut frame) = open.pop() else {
                reader.expect_end()?;
                return Ok(value);
            };
            frame.add(value);
            match reader.after(&mut frame)? {
                After::Next => {
                    open.push(frame);
                    break;
                }
                After::Closed => value = frame.into_value(),
            }
        }
    }
}

/// A container whose end has not come.
enum Frame<'a> {
    List(Vec<Value<'a>>),
    Object(Object<'a>, Key<'a>),
}

impl<'a> Frame<'a> {
    fn add(&mut self, value: Value<'a>) {
        match self {
            Self::List(elements) => elements.push(value),
            Self::Object(object, key) => object.insert(key.take(), value),
        }
    }

    fn into_value(self) -> Value<'a> {
        match self {
            Self::List(elements) => Value::List(elements),
            Self::Object(object, _) => Value::Object(object),
        }
    }
}

enum Begun<'a> {
    Value(Value<'a>),
    Inside(Frame<'a>),
}

enum After {
    Next,
    Closed,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads a value, or the opening of a container up to its first value; `depth` containers are open.
    fn begin(&mut self, depth: usize) -> Result<Begun<'a>, BodyError> {
        let container = matches!(self.peek_token(), Some(b'{' | b'['));
        if container && depth >= DEEPEST {
            return Err(BodyError::Unparsable);
        }
        let value = match self.peek_token() {
            Some(b'{') => {
                self.at += 1;
                if self.peek_token() != Some(b'}') {
                    let key = self.key()?;
                    return Ok(Begun::Inside(Frame::Object(Object::default(), key)));
                }
                self.at += 1;
                Value::Object(Object::default())
            }
            Some(b'[') => {
                self.at += 1;
                if self.peek_token() != Some(b']') {
                    return Ok(Begun::Inside(Frame::List(Vec::new())));
                }
                self.at += 1;
                Value::List(Vec::new())
            }
            Some(b'"') => {
                self.at += 1;
                self.string()?.map_or(Value::Unpaired, Value::Text)
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Begun::Value(value))
    }

    /// Reads what follows a value inside `frame`: its end, or a comma and, in an object, the next key.
    fn after(&mut self, frame: &mut Frame<'a>) -> Result<After, BodyError> {
        let next = self.peek_token();
        match (frame, next) {
            (Frame::List(_), Some(b']')) | (Frame::Object(..), Some(b'}')) => {
                self.at += 1;
                Ok(After::Closed)
            }
            (Frame::List(_), Some(b',')) => {
                self.at += 1;
                Ok(After::Next)
            }
            (Frame::Object(_, key), Some(b',')) => {
                self.at += 1;
                *key = self.key()?;
                Ok(After::Next)
            }
            _ => Err(self.fault("expected a comma or the end of the list or object")),
        }
    }

    fn key(&mut self) -> Result<Key<'a>, BodyError> {
        if self.peek_token() != Some(b'"') {
            return Err(self.fault("expected a property name in double quotes"));
        }
        self.at += 1;
        let key = self.string()?;
        if self.peek_token() != Some(b':') {
            return Err(self.fault("expected a colon"));
        }
        self.at += 1;
        Ok(key)
    }

    fn expect_end(&mut self) -> Result<(), BodyError> {
        if self.peek_token().is_some() { Err(self.fault("unexpected text after the value")) } else { Ok(()) }
    }

    /// The next byte that is not white space, without taking it.
    fn peek_token(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    fn word(&mut self) -> Result<Value<'a>, BodyError> {
        let words = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
        ];
        for (word, value) in words {
            if self.text[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.fault("expected a value"))
    }

    fn number(&mut self) -> Result<Value<'a>, BodyError> {
        let start = self.at;
        let negative = self.text[self.at] == b'-';
        self.at += usize::from(negative);
        if negative && self.text[self.at..].starts_with(b"Infinity") {
            self.at += "Infinity".len();
            return Ok(Value::Float(f64::NEG_INFINITY));
        }
        let digits = if self.text.get(self.at) == Some(&b'0') {
            self.at += 1;
            1
        } else {
            self.digits()
        };
        if digits == 0 {
            return Err(self.fault("expected a value"));
        }
        let whole = self.at;
        self.fraction_and_exponent();
        let text = std::str::from_utf8(&self.text[start..self.at]).expect("a number is ASCII");
        if self.at > whole {
            return Ok(Value::Float(text.parse().expect("the JSON number grammar is within Rust's")));
        }
        if digits > LONGEST_INTEGER { Err(BodyError::Unparsable) } else { Ok(Value::Integer(text)) }
    }

    /// Takes `.123` and `e+12`, each only when complete: Python's pattern stops before an incomplete one.
    fn fraction_and_exponent(&mut self) {
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            if self.digits() == 0 {
                self.at -= 1;
                return;
            }
        }
        let before = self.at;
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.text.get(self.at), Some(b'+' | b'-')));
            if self.digits() == 0 {
                self.at = before;
            }
        }
    }

    fn digits(&mut self) -> usize {
        let count = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    /// Reads a string after its opening quote; `None` when it holds a surrogate without partner.
    fn string(&mut self) -> Result<Key<'a>, BodyError> {
        let run = self.run()?;
        if self.text[self.at] == b'"' {
            self.at += 1;
            return Ok(std::str::from_utf8(run).ok().map(Cow::Borrowed));
        }
        let mut unescaped = run.to_vec();
        while self.text[self.at] == b'\\' {
            self.at += 1;
            self.escape(&mut unescaped)?;
            unescaped.extend_from_slice(self.run()?);
        }
        self.at += 1;
        Ok(String::from_utf8(unescaped).ok().map(Cow::Owned))
    }

    /// Takes bytes up to a quote or backslash, and stays there.
    fn run(&mut self) -> Result<&'a [u8], BodyError> {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
        let length = length.unwrap_or(rest.len());
        self.at += length;
        match rest.get(length) {
            Some(b'"' | b'\\') => Ok(&rest[..length]),
            Some(_) => Err(self.fault("invalid control character in a string")),
            None => Err(self.fault("unterminated string")),
        }
    }

    /// Reads an escape after its backslash.
    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        let Some(letter) = self.text.get(self.at).copied() else {
            return Err(self.fault("unterminated string"));
        };
        self.at += 1;
        if letter == b'u' {
            let unit = self.hex_digits()?;
            push_code_point(out, self.partner(unit)?);
        } else if let Some(byte) = simple_escape(letter) {
            out.push(byte);
        } else {
            return Err(self.fault("invalid escape in a string"));
        }
        Ok(())
    }

    /// The character that begins with `unit`, taking the second half when it follows.
    fn partner(&mut self, unit: u16) -> Result<u32, BodyError> {
        let before = self.at;
        if (0xD800..0xDC00).contains(&unit) && self.text[self.at..].starts_with(b"\\u") {
            self.at += 2;
            let second = self.hex_digits()?;
            if (0xDC00..0xE000).contains(&second) {
                return Ok(join(unit, second));
            }
            self.at = before;
        }
        Ok(u32::from(unit))
    }

    fn hex_digits(&mut self) -> Result<u16, BodyError> {
        let digits = self.text.get(self.at..self.at + 4).filter(|all| all.iter().all(u8::is_ascii_hexdigit));
        let Some(digits) = digits else { return Err(self.fault("invalid \\u escape in a string")) };
        self.at += 4;
        let digits = std::str::from_utf8(digits).expect("hex digits are ASCII");
        Ok(u16::from_str_radix(digits, 16).expect("four hex digits fit in sixteen bits"))
    }

    fn fault(&self, what: &'static str) -> BodyError {
        BodyError::syntax(self.at as u64, what)
    }
}

/// What a one-letter escape stands for.
pub(in crate::wire) fn simple_escape(letter: u8) -> Option<u8> {
    Some(match letter {
        b'"' | b'\\' | b'/' => letter,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn syntax_error(text: &str) {
        match parse(text.as_bytes()) {
            Err(BodyError::Invalid(problems)) => {
                assert_eq!(problems.iter().next().unwrap().kind, "json_invalid", "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn values_of_every_kind_are_read() {
        let text = br#" {"a" : [null,true,false,-0,12, 1.5e3 ], "b":{}, "c":[], "d":"x\u00e4\n"} "#;
        let Value::Object(object) = parse(text).unwrap() else { panic!("not an object") };
        let list = vec![
            Value::Null,
            Value::Bool(true),
            Value::Bool(false),
            Value::Integer("-0"),
            Value::Integer("12"),
            Value::Float(1500.0),
        ];
        assert_eq!(object.get("a"), Some(&Value::List(list)));
        assert_eq!(object.get("b"), Some(&Value::Object(Object::default())));
        assert_eq!(object.get("c"), Some(&Value::List(Vec::new())));
        assert_eq!(object.get("d"), Some(&Value::Text("xä\n".into())));
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "[",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\"}",
            "{\"a\":}",
            "01",
            "+1",
            ".5",
            "1.",
            "1e",
            "-",
            "--1",
            "nul",
            "nulls",
            "1 2",
            "\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u+123\"",
            "\"a\nb\"",
            "\"\\",
            "-NaN",
            "'a'",
            "[1 2]",
            "\u{a0}1",
            "tru",
            "Inf",
            "-Inf",
            "[1}",
            "{\"a\":1]",
            "\"\\ud800\\u12\"",
        ] {
            syntax_error(text);
        }
    }

    #[test]
    fn numbers_python_accepts_beyond_json_are_floats() {
        assert_eq!(parse(b"Infinity"), Ok(Value::Float(f64::INFINITY)));
        assert_eq!(parse(b"-Infinity"), Ok(Value::Float(f64::NEG_INFINITY)));
        assert_eq!(parse(b"1e999"), Ok(Value::Float(f64::INFINITY)));
        assert!(matches!(parse(b"NaN"), Ok(Value::Float(value)) if value.is_nan()));
    }

    #[test]
    fn surrogates_join_or_mark_the_string() {
        assert_eq!(parse(br#""\ud83d\ude00""#), Ok(Value::Text("😀".into())));
        assert_eq!(parse(br#""\ud83dx""#), Ok(Value::Unpaired));
        assert_eq!(parse(br#""\ude00\ud83d""#), Ok(Value::Unpaired));
        assert_eq!(parse(br#""\ud83d\u0041""#), Ok(Value::Unpaired));
        assert_eq!(parse(b"\"\xed\xa0\x80\""), Ok(Value::Unpaired));
        let Ok(Value::Object(object)) = parse(br#"{"\ud800":1,"b":2}"#) else { panic!("not an object") };
        assert_eq!(object.iter().next(), Some((None, &Value::Integer("1"))));
    }

    #[test]
    fn depth_and_length_have_the_limits_of_the_original() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested(DEEPEST).as_bytes()).is_ok());
        assert_eq!(parse(nested(DEEPEST + 1).as_bytes()), Err(BodyError::Unparsable));
        let objects = |depth: usize| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
        assert!(parse(objects(DEEPEST).as_bytes()).is_ok());
        assert_eq!(parse(objects(DEEPEST + 1).as_bytes()), Err(BodyError::Unparsable));
        assert!(parse("9".repeat(LONGEST_INTEGER).as_bytes()).is_ok());
        assert!(parse(format!("-{}", "9".repeat(LONGEST_INTEGER)).as_bytes()).is_ok());
        assert_eq!(parse("9".repeat(LONGEST_INTEGER + 1).as_bytes()), Err(BodyError::Unparsable));
        assert!(parse(format!("{}.0", "9".repeat(LONGEST_INTEGER + 1)).as_bytes()).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn whatever_another_reader_accepts_is_read_alike(text in "[\\[\\]{}:,\"a\\\\un0-9.eE+\\- tfrs]{0,24}") {
            let ours = parse(text.as_bytes());
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                proptest::prop_assert!(ours.is_ok(), "{text}");
            }
        }
    }
}
