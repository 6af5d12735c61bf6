//! A JSON reader that is fed chunks and calls back: nothing but a few bytes is kept between them.
//!
//! The same grammar and limits as [`crate::wire::json::parse`], which reads whole bodies; a property test holds the
//! two together. What the pieces mean is decided by [`super::output`].

use crate::wire::{
    encoding::{join, push_code_point},
    json::{DEEPEST, LONGEST_INTEGER},
    validation::BodyError,
};

/// What the lexer meets, in order.
pub(super) trait Events {
    /// A list or object begins.
    fn open(&mut self, shape: Shape);
    /// The innermost list or object ends.
    fn close(&mut self);
    /// A string begins; it is a key or a value.
    fn text_start(&mut self, role: Role);
    /// A piece of the string, unescaped, in generalised UTF-8; may end inside a character.
    fn text_piece(&mut self, piece: &[u8]);
    /// The string ends.
    fn text_end(&mut self);
    /// A number, `true`, `false` or, told apart, `null`.
    fn scalar(&mut self, scalar: Scalar);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    List,
    Object,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Key,
    Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Null,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A value must come.
    Value,
    /// After `[`.
    ValueOrClose,
    /// After `{`.
    KeyOrClose,
    /// After a comma in an object.
    Key,
    Colon,
    /// After a value inside a list or object.
    CommaOrClose,
    Text(Role),
    Escape(Role),
    /// Inside `\uXXXX`: digits so far and their value.
    Unicode(Role, u8, u16),
    Number(NumberState),
    /// Inside a word: what must still come.
    Word(&'static [u8], Scalar),
    /// After the outermost value.
    End,
}

/// Where in a number the lexer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NumberState {
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    E,
    ESign,
    Exponent,
}

#[derive(Debug)]
pub(super) struct Lexer {
    state: State,
    open: Vec<Shape>,
    /// Digits of the whole part of the number being read.
    digits: usize,
    /// A first surrogate half that was escaped and waits for its partner.
    high: Option<u16>,
    /// Bytes of text before the current chunk.
    offset: u64,
}

impl Lexer {
    pub(super) fn new() -> Self {
        Self { state: State::Value, open: Vec::new(), digits: 0, high: None, offset: 0 }
    }

    /// Takes the next chunk of generalised UTF-8.
    pub(super) fn push(&mut self, chunk: &[u8], events: &mut impl Events) -> Result<(), BodyError> {
        let mut at = 0;
        while let Some(byte) = chunk.get(at).copied() {
            let taken = match self.state {
                State::Text(role) => self.text(role, &chunk[at..], events),
                State::Escape(role) => self.escape(role, byte, events),
                State::Unicode(role, digits, value) => self.unicode(role, digits, value, byte, events),
                State::Number(number) => self.number(number, byte, events),
                State::Word(rest, scalar) => self.word(rest, scalar, byte, events),
                _ if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') => Ok(1),
                _ => self.structure(byte, events),
            };
            at += taken.map_err(|fault| fault.at(self.offset + at as u64))?;
        }
        self.offset += chunk.len() as u64;
        Ok(())
    }

    /// Ends the text.
    pub(super) fn finish(&mut self, events: &mut impl Events) -> Result<(), BodyError> {
        if let State::Number(number) = self.state {
            self.number_end(number, events).map_err(|fault| fault.at(self.offset))?;
        }
        if self.state == State::End { Ok(()) } else { Err(BodyError::syntax(self.offset, "unexpected end")) }
    }

    /// Takes a byte outside strings, numbers and words.
    fn structure(&mut self, byte: u8, events: &mut impl Events) -> Result<usize, Fault> {
        match (self.state, byte) {
            (State::Value | State::ValueOrClose, b'{') => self.open(Shape::Object, events)?,
            (State::Value | State::ValueOrClose, b'[') => self.open(Shape::List, events)?,
            (State::ValueOrClose, b']') | (State::KeyOrClose, b'}') => self.close(events),
            (State::Value | State::ValueOrClose, b'"') => self.begin_text(Role::Value, events),
            (State::KeyOrClose | State::Key, b'"') => self.begin_text(Role::Key, events),
            (State::Value | State::ValueOrClose, _) => self.state = begin_scalar(byte, &mut self.digits)?,
            (State::Colon, b':') => self.state = State::Value,
            (State::CommaOrClose, b',') => {
                let in_object = self.open.last() == Some(&Shape::Object);
                self.state = if in_object { State::Key } else { State::Value };
            }
            (State::CommaOrClose, b'}') if self.open.last() == Some(&Shape::Object) => self.close(events),
            (State::CommaOrClose, b']') if self.open.last() == Some(&Shape::List) => self.close(events),
            (State::CommaOrClose, _) => {
                return Err(Fault::Syntax("expected a comma or the end of the list or object"));
            }
            (State::Colon, _) => return Err(Fault::Syntax("expected a colon")),
            (State::End, _) => return Err(Fault::Syntax("unexpected text after the value")),
            _ => return Err(Fault::Syntax("expected a property name in double quotes")),
        }
        Ok(1)
    }

    fn open(&mut self, shape: Shape, events: &mut impl Events) -> Result<(), Fault> {
        if self.open.len() >= DEEPEST {
            return Err(Fault::Unparsable);
        }
        self.open.push(shape);
        self.state = match shape {
            Shape::List => State::ValueOrClose,
            Shape::Object => State::KeyOrClose,
        };
        events.open(shape);
        Ok(())
    }

    fn close(&mut self, events: &mut impl Events) {
        self.open.pop();
        events.close();
        self.after_value();
    }

    fn after_value(&mut self) {
        self.state = if self.open.is_empty() { State::End } else { State::CommaOrClose };
    }

    fn begin_text(&mut self, role: Role, events: &mut impl Events) {
        self.state = State::Text(role);
        events.text_start(role);
    }

    /// Takes a run of plain text, and the quote or backslash after it when it is there.
    fn text(&mut self, role: Role, rest: &[u8], events: &mut impl Events) -> Result<usize, Fault> {
        let length = memchr::memchr2(b'"', b'\\', rest);
        let run = &rest[..length.unwrap_or(rest.len())];
        if run.iter().fold(0xFF, |least, byte| (*byte).min(least)) < 0x20 {
            let before = run.iter().take_while(|byte| **byte >= 0x20).count();
            return Err(Fault::SyntaxAfter(before, "invalid control character in a string"));
        }
        if !run.is_empty() {
            self.release(events);
            events.text_piece(run);
        }
        let Some(length) = length else { return Ok(rest.len()) };
        if rest[length] == b'\\' {
            self.state = State::Escape(role);
        } else {
            self.release(events);
            events.text_end();
            match role {
                Role::Key => self.state = State::Colon,
                Role::Value => self.after_value(),
            }
        }
        Ok(length + 1)
    }

    fn escape(&mut self, role: Role, letter: u8, events: &mut impl Events) -> Result<usize, Fault> {
        if letter == b'u' {
            self.state = State::Unicode(role, 0, 0);
            return Ok(1);
        }
        let Some(byte) = crate::wire::json::simple_escape(letter) else {
            return Err(Fault::Syntax("invalid escape in a string"));
        };
        self.release(events);
        events.text_piece(&[byte]);
        self.state = State::Text(role);
        Ok(1)
    }

    fn unicode(
        &mut self,
        role: Role,
        digits: u8,
        value: u16,
        byte: u8,
        events: &mut impl Events,
    ) -> Result<usize, Fault> {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return Err(Fault::Syntax("invalid \\u escape in a string")),
        };
        let value = (value << 4) | u16::from(digit);
        if digits < 3 {
            self.state = State::Unicode(role, digits + 1, value);
        } else {
            self.unit(value, events);
            self.state = State::Text(role);
        }
        Ok(1)
    }

    /// Takes an escaped UTF-16 unit, joining the two halves of a pair.
    fn unit(&mut self, unit: u16, events: &mut impl Events) {
        let is_low = (0xDC00..0xE000).contains(&unit);
        if let (Some(high), true) = (self.high, is_low) {
            self.high = None;
            return emit(join(high, unit), events);
        }
        self.release(events);
        if (0xD800..0xDC00).contains(&unit) {
            self.high = Some(unit);
        } else {
            emit(u32::from(unit), events);
        }
    }

    /// Gives out a waiting surrogate half whose partner did not come.
    fn release(&mut self, events: &mut impl Events) {
        if let Some(high) = self.high.take() {
            emit(u32::from(high), events);
        }
    }

    fn number(&mut self, number: NumberState, byte: u8, events: &mut impl Events) -> Result<usize, Fault> {
        use NumberState::{E, ESign, Exponent, Fraction, Minus, Point, Whole, Zero};
        let next = match (number, byte) {
            (Minus, b'I') => {
                self.state = State::Word(b"nfinity", Scalar::Other);
                return Ok(1);
            }
            (Minus, b'0') => Zero,
            (Minus | Whole, b'0'..=b'9') => Whole,
            (Zero | Whole, b'.') => Point,
            (Point | Fraction, b'0'..=b'9') => Fraction,
            (Zero | Whole | Fraction, b'e' | b'E') => E,
            (E, b'+' | b'-') => ESign,
            (E | ESign | Exponent, b'0'..=b'9') => Exponent,
            _ => {
                self.number_end(number, events)?;
                return Ok(0);
            }
        };
        self.digits += usize::from(next == Whole || next == Zero);
        self.state = State::Number(next);
        Ok(1)
    }

    fn number_end(&mut self, number: NumberState, events: &mut impl Events) -> Result<(), Fault> {
        match number {
            NumberState::Whole if self.digits > LONGEST_INTEGER => return Err(Fault::Unparsable),
            NumberState::Zero | NumberState::Whole | NumberState::Fraction | NumberState::Exponent => {}
            _ => return Err(Fault::Syntax("incomplete number")),
        }
        events.scalar(Scalar::Other);
        self.after_value();
        Ok(())
    }

    fn word(
        &mut self,
        rest: &'static [u8],
        scalar: Scalar,
        byte: u8,
        events: &mut impl Events,
    ) -> Result<usize, Fault> {
        match rest.split_first() {
            Some((expected, [])) if *expected == byte => {
                events.scalar(scalar);
                self.after_value();
                Ok(1)
            }
            Some((expected, after)) if *expected == byte => {
                self.state = State::Word(after, scalar);
                Ok(1)
            }
            _ => Err(Fault::Syntax("expected a value")),
        }
    }
}

/// The state after the first byte of a number or word.
fn begin_scalar(byte: u8, digits: &mut usize) -> Result<State, Fault> {
    *digits = usize::from(byte.is_ascii_digit());
    Ok(match byte {
        b'-' => State::Number(NumberState::Minus),
        b'0' => State::Number(NumberState::Zero),
        b'1'..=b'9' => State::Number(NumberState::Whole),
        b'n' => State::Word(b"ull", Scalar::Null),
        b't' => State::Word(b"rue", Scalar::Other),
        b'f' => State::Word(b"alse", Scalar::Other),
        b'N' => State::Word(b"aN", Scalar::Other),
        b'I' => State::Word(b"nfinity", Scalar::Other),
        _ => return Err(Fault::Syntax("expected a value")),
    })
}

fn emit(point: u32, events: &mut impl Events) {
    let mut bytes = Vec::with_capacity(4);
    push_code_point(&mut bytes, point);
    events.text_piece(&bytes);
}

/// An error before its place is known.
enum Fault {
    Syntax(&'static str),
    /// So many bytes further on.
    SyntaxAfter(usize, &'static str),
    Unparsable,
}

impl Fault {
    fn at(self, offset: u64) -> BodyError {
        match self {
            Self::Syntax(what) => BodyError::syntax(offset, what),
            Self::SyntaxAfter(before, what) => BodyError::syntax(offset + before as u64, what),
            Self::Unparsable => BodyError::Unparsable,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::json::{self, Value};

    /// Notes what was met, to compare with the reader of whole bodies.
    #[derive(Debug, Default, PartialEq)]
    struct Notes {
        text: Vec<u8>,
        met: Vec<String>,
    }

    impl Events for Notes {
        fn open(&mut self, shape: Shape) {
            self.met.push(format!("{shape:?}"));
        }
        fn close(&mut self) {
            self.met.push("close".to_owned());
        }
        fn text_start(&mut self, _: Role) {
            self.text.clear();
        }
        fn text_piece(&mut self, piece: &[u8]) {
            self.text.extend_from_slice(piece);
        }
        fn text_end(&mut self) {
            self.met.push(format!("text {:?}", str::from_utf8(&self.text).ok()));
        }
        fn scalar(&mut self, scalar: Scalar) {
            self.met.push(format!("{scalar:?}"));
        }
    }

    fn note(value: &Value<'_>, met: &mut Vec<String>) {
        match value {
            Value::Null => met.push("Null".to_owned()),
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) => met.push("Other".to_owned()),
            Value::Text(text) => met.push(format!("text {:?}", Some(text))),
            Value::Unpaired => met.push("text None".to_owned()),
            Value::List(elements) => {
                met.push("List".to_owned());
                for element in elements {
                    note(element, met);
                }
                met.push("close".to_owned());
            }
            Value::Object(object) => {
                met.push("Object".to_owned());
                for (key, member) in object.iter() {
                    met.push(format!("text {key:?}"));
                    note(member, met);
                }
                met.push("close".to_owned());
            }
        }
    }

    fn lex(text: &[u8], piece: usize) -> Result<Vec<String>, BodyError> {
        let mut notes = Notes::default();
        let mut lexer = Lexer::new();
        for piece in text.chunks(piece) {
            lexer.push(piece, &mut notes)?;
        }
        lexer.finish(&mut notes)?;
        Ok(notes.met)
    }

    /// JSON texts and near misses; keys differ, since the two readers treat repeated ones at different places.
    fn texts() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?",
            "null|true|false|NaN|-?Infinity|nul|-I|Inf",
            "\"([a-z ]|\\\\u[dD][89cCdD]00|\\\\[nrtbfu/\\\\\"x]|ä){0,6}\"",
            "[ -~]{0,3}",
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(" ,"))),
                prop::collection::vec(inner, 0..4).prop_map(|all| {
                    let members = all.iter().enumerate();
                    let members: Vec<_> =
                        members.map(|(index, value)| format!("\"k{index}\": {value}")).collect();
                    format!("{{{}}} ", members.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn both_readers_agree_wherever_the_text_is_cut(text in texts(), piece in 1_usize..12) {
            let streamed = lex(text.as_bytes(), piece);
            let whole = json::parse(text.as_bytes()).map(|value| {
                let mut met = Vec::new();
                note(&value, &mut met);
                met
            });
            match (streamed, whole) {
                (Ok(streamed), Ok(whole)) => prop_assert_eq!(streamed, whole),
                (Err(streamed), Err(whole)) => prop_assert_eq!(streamed.status(), whole.status(), "{}", text),
                (streamed, whole) => prop_assert!(false, "{:?} against {:?} for {}", streamed, whole, text),
            }
        }
    }

    #[test]
    fn both_readers_have_the_same_limits() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        let digits = |count: usize| "9".repeat(count);
        for text in [
            nested(DEEPEST),
            nested(DEEPEST + 1),
            digits(LONGEST_INTEGER),
            digits(LONGEST_INTEGER + 1),
            format!("-{}", digits(LONGEST_INTEGER)),
            format!("[-{}]", digits(LONGEST_INTEGER + 1)),
            digits(LONGEST_INTEGER + 1) + ".5",
        ] {
            let streamed = lex(text.as_bytes(), 100).map(|_| ());
            assert_eq!(streamed, json::parse(text.as_bytes()).map(|_| ()), "{} bytes", text.len());
        }
    }
}
