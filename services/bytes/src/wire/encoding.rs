//! Turns a request body of any accepted encoding into UTF-8, chunk by chunk.
//!
//! The rules are those of Python's `json.loads` on bytes: UTF-8, UTF-16 and UTF-32, with or without byte order mark,
//! told apart by the first four bytes; surrogates without partner pass. So what comes out is *generalised* UTF-8, in
//! which a lone surrogate is three bytes that [`std::str::from_utf8`] refuses: readers find it there.

use super::validation::BodyError;

/// Bytes gathered before they are handed on, when the encoding is not UTF-8.
const BLOCK: usize = 4096;

/// The encoding of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 { big: bool },
    Utf32 { big: bool },
}

/// The encoding announced by the first bytes, and the length of its byte order mark.
///
/// `head` is the first four bytes, or the whole body when it is shorter.
fn detect(head: &[u8]) -> (Encoding, usize) {
    match head {
        [0, 0, 0xFE, 0xFF, ..] => (Encoding::Utf32 { big: true }, 4),
        [0xFF, 0xFE, 0, 0, ..] => (Encoding::Utf32 { big: false }, 4),
        [0xFE, 0xFF, ..] => (Encoding::Utf16 { big: true }, 2),
        [0xFF, 0xFE, ..] => (Encoding::Utf16 { big: false }, 2),
        [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
        [0, 0, _, _, ..] => (Encoding::Utf32 { big: true }, 0),
        [0, _, _, _, ..] | [0, _] => (Encoding::Utf16 { big: true }, 0),
        [_, 0, 0, 0, ..] => (Encoding::Utf32 { big: false }, 0),
        [_, 0, _, _, ..] | [_, 0] => (Encoding::Utf16 { big: false }, 0),
        _ => (Encoding::Utf8, 0),
    }
}

/// Reads an encoded body in chunks and hands on generalised UTF-8.
///
/// Memory is a few bytes for UTF-8, whose chunks are handed on as they are, and one block of 4 KiB otherwise.
#[derive(Debug, Default)]
pub struct Transcoder {
    encoding: Option<Encoding>,
    /// Bytes of the head before the encoding is known, later of an unfinished character.
    held: Vec<u8>,
    /// A UTF-16 high surrogate that waits for its partner.
    high: Option<u16>,
    block: Vec<u8>,
}

impl Transcoder {
    /// A transcoder that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next chunk of the body and calls `emit` with text, which may end inside a character.
    ///
    /// # Errors
    /// [`BodyError::Unparsable`] for bytes that are not text, and whatever `emit` returns.
    pub fn push<E>(&mut self, chunk: &[u8], mut emit: E) -> Result<(), BodyError>
    where
        E: FnMut(&[u8]) -> Result<(), BodyError>,
    {
        if self.encoding.is_some() {
            return self.take(chunk, &mut emit);
        }
        let (head, rest) = chunk.split_at(chunk.len().min(4 - self.held.len()));
        self.held.extend_from_slice(head);
        if self.held.len() < 4 {
            return Ok(());
        }
        self.settle(&mut emit)?;
        self.take(rest, &mut emit)
    }

    /// Ends the body: hands on what was held back.
    ///
    /// # Errors
    /// [`BodyError::Unparsable`] when the body ends inside a character, and whatever `emit` returns.
    pub fn finish<E>(&mut self, mut emit: E) -> Result<(), BodyError>
    where
        E: FnMut(&[u8]) -> Result<(), BodyError>,
    {
        if self.encoding.is_none() {
            self.settle(&mut emit)?;
        }
        if let Some(high) = self.high.take() {
            push_code_point(&mut self.block, u32::from(high));
        }
        self.flush(&mut emit)?;
        if self.held.is_empty() { Ok(()) } else { Err(BodyError::Unparsable) }
    }

    /// Decides on the encoding and hands on the rest of the head.
    fn settle(&mut self, emit: &mut dyn FnMut(&[u8]) -> Result<(), BodyError>) -> Result<(), BodyError> {
        let head = std::mem::take(&mut self.held);
        let (encoding, mark) = detect(&head);
        self.encoding = Some(encoding);
        self.take(&head[mark..], emit)
    }

    fn take(
        &mut self,
        chunk: &[u8],
        emit: &mut dyn FnMut(&[u8]) -> Result<(), BodyError>,
    ) -> Result<(), BodyError> {
        match self.encoding {
            None | Some(Encoding::Utf8) => {
                self.check_utf8(chunk)?;
                if chunk.is_empty() { Ok(()) } else { emit(chunk) }
            }
            Some(Encoding::Utf16 { big }) => self.take_units::<2>(chunk, emit, |transcoder, unit| {
                transcoder.utf16(if big { u16::from_be_bytes(unit) } else { u16::from_le_bytes(unit) });
                Ok(())
            }),
            Some(Encoding::Utf32 { big }) => self.take_units::<4>(chunk, emit, |transcoder, unit| {
                let point = if big { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) };
                if point > 0x10_FFFF {
                    return Err(BodyError::Unparsable);
                }
                push_code_point(&mut transcoder.block, point);
                Ok(())
            }),
        }
    }

    /// Cuts `chunk` into units of `N` bytes across chunk borders.
    fn take_units<const N: usize>(
        &mut self,
        chunk: &[u8],
        emit: &mut dyn FnMut(&[u8]) -> Result<(), BodyError>,
        unit: impl Fn(&mut Self, [u8; N]) -> Result<(), BodyError>,
    ) -> Result<(), BodyError> {
        let mut whole = chunk;
        if !self.held.is_empty() {
            let (missing, rest) = chunk.split_at(chunk.len().min(N - self.held.len()));
            self.held.extend_from_slice(missing);
            whole = rest;
            if let Ok(first) = <[u8; N]>::try_from(self.held.as_slice()) {
                self.held.clear();
                unit(self, first)?;
            }
        }
        let (units, rest) = whole.as_chunks::<N>();
        for bytes in units {
            unit(self, *bytes)?;
            if self.block.len() >= BLOCK {
                self.flush(emit)?;
            }
        }
        self.held.extend_from_slice(rest);
        self.flush(emit)
    }

    fn utf16(&mut self, unit: u16) {
        let low = (0xDC00..0xE000).contains(&unit);
        match (self.high.take(), low) {
            (Some(high), true) => push_code_point(&mut self.block, join(high, unit)),
            (Some(high), false) => {
                push_code_point(&mut self.block, u32::from(high));
                self.single(unit);
            }
            (None, _) => self.single(unit),
        }
    }

    fn single(&mut self, unit: u16) {
        if (0xD800..0xDC00).contains(&unit) {
            self.high = Some(unit);
        } else {
            push_code_point(&mut self.block, u32::from(unit));
        }
    }

    fn flush(&mut self, emit: &mut dyn FnMut(&[u8]) -> Result<(), BodyError>) -> Result<(), BodyError> {
        if self.block.is_empty() {
            return Ok(());
        }
        let result = emit(&self.block);
        self.block.clear();
        result
    }

    /// Checks `chunk` as the continuation of what was checked before; an unfinished character is held.
    fn check_utf8(&mut self, chunk: &[u8]) -> Result<(), BodyError> {
        let mut rest = chunk;
        while !self.held.is_empty() {
            let Some((next, after)) = rest.split_first() else { return Ok(()) };
            self.held.push(*next);
            rest = after;
            match character(&self.held) {
                Character::Whole => self.held.clear(),
                Character::Unfinished => {}
                Character::Invalid => return Err(BodyError::Unparsable),
            }
        }
        while let Err(error) = std::str::from_utf8(rest) {
            let odd = &rest[error.valid_up_to()..];
            match odd {
                [0xED, 0xA0..=0xBF, 0x80..=0xBF, after @ ..] => rest = after,
                _ if error.error_len().is_none() || matches!(odd, [0xED, 0xA0..=0xBF]) => {
                    self.held.extend_from_slice(odd);
                    return Ok(());
                }
                _ => return Err(BodyError::Unparsable),
            }
        }
        Ok(())
    }
}

enum Character {
    Whole,
    Unfinished,
    Invalid,
}

/// Judges at most four bytes as the start of one character of generalised UTF-8.
fn character(bytes: &[u8]) -> Character {
    match (std::str::from_utf8(bytes), bytes) {
        (Ok(_), _) | (_, [0xED, 0xA0..=0xBF, 0x80..=0xBF]) => Character::Whole,
        (_, [0xED, 0xA0..=0xBF]) => Character::Unfinished,
        (Err(error), _) if error.valid_up_to() == 0 && error.error_len().is_none() => Character::Unfinished,
        _ => Character::Invalid,
    }
}

/// The character that two UTF-16 halves stand for.
pub(super) fn join(high: u16, low: u16) -> u32 {
    0x1_0000 + ((u32::from(high) - 0xD800) << 10) + (u32::from(low) - 0xDC00)
}

/// Appends a code point as generalised UTF-8: surrogates become three bytes like their neighbours.
pub(super) fn push_code_point(out: &mut Vec<u8>, point: u32) {
    if let Some(character) = char::from_u32(point) {
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        let [.., high, low] = point.to_be_bytes();
        out.extend_from_slice(&[
            0xE0 | (high >> 4),
            0x80 | ((high & 0x0F) << 2) | (low >> 6),
            0x80 | (low & 0x3F),
        ]);
    }
}

/// Decodes a whole body; UTF-8 without byte order mark is borrowed.
///
/// # Errors
/// [`BodyError::Unparsable`] for bytes that are not text.
pub fn decode(body: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, BodyError> {
    if detect(&body[..body.len().min(4)]) == (Encoding::Utf8, 0) && std::str::from_utf8(body).is_ok() {
        return Ok(body.into());
    }
    let mut text = Vec::with_capacity(body.len());
    let mut append = |piece: &[u8]| {
        text.extend_from_slice(piece);
        Ok(())
    };
    let mut transcoder = Transcoder::new();
    transcoder.push(body, &mut append)?;
    transcoder.finish(&mut append)?;
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_pieces(body: &[u8], size: usize) -> Result<Vec<u8>, BodyError> {
        let mut text = Vec::new();
        let mut transcoder = Transcoder::new();
        for piece in body.chunks(size) {
            transcoder.push(piece, |out| {
                text.extend_from_slice(out);
                Ok(())
            })?;
        }
        transcoder.finish(|out| {
            text.extend_from_slice(out);
            Ok(())
        })?;
        Ok(text)
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    }

    fn utf32(text: &str, big: bool) -> Vec<u8> {
        let bytes = |point: u32| if big { point.to_be_bytes() } else { point.to_le_bytes() };
        text.chars().flat_map(|character| bytes(character.into())).collect()
    }

    #[test]
    fn every_encoding_is_told_by_its_first_bytes() {
        let text = "{\"ä\":\"€😀\"}";
        let marked = |mark: &[u8], body: Vec<u8>| [mark, &body].concat();
        for body in [
            text.as_bytes().to_vec(),
            marked(&[0xEF, 0xBB, 0xBF], text.as_bytes().to_vec()),
            utf16(text, true),
            utf16(text, false),
            marked(&[0xFE, 0xFF], utf16(text, true)),
            marked(&[0xFF, 0xFE], utf16(text, false)),
            utf32(text, true),
            utf32(text, false),
            marked(&[0, 0, 0xFE, 0xFF], utf32(text, true)),
            marked(&[0xFF, 0xFE, 0, 0], utf32(text, false)),
        ] {
            assert_eq!(decode(&body).unwrap(), text.as_bytes(), "{body:x?}");
            for size in 1..9 {
                assert_eq!(in_pieces(&body, size).unwrap(), text.as_bytes(), "{body:x?} by {size}");
            }
        }
    }

    #[test]
    fn short_bodies_are_told_apart_too() {
        let decode = |body: &[u8]| super::decode(body).unwrap().into_owned();
        assert_eq!(decode(b""), b"");
        assert_eq!(decode(b"1"), b"1");
        assert_eq!(decode(b"1\0"), b"1");
        assert_eq!(decode(b"\x001"), b"1");
        assert_eq!(decode(b"[1]"), b"[1]");
    }

    #[test]
    fn lone_surrogates_pass_in_every_encoding() {
        let decode = |body: &[u8]| super::decode(body).unwrap().into_owned();
        let lone = [b'"', 0xED, 0xA0, 0x80, b'"'];
        assert_eq!(decode(&lone), lone);
        assert_eq!(in_pieces(&lone, 1).unwrap(), lone);
        assert_eq!(in_pieces(&lone, 2).unwrap(), lone);
        assert_eq!(decode(&[b'"', 0, 0x00, 0xD8, b'"', 0]), lone);
        assert_eq!(decode(&[b'"', 0, 0, 0, 0x00, 0xD8, 0, 0, b'"', 0, 0, 0]), lone);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        for body in [
            &b"\"\xff\""[..],
            b"\"\xc3",
            b"\"\xed\xa0",
            b"\"\xc3\"",
            b"\xff\xfe1",
            b"\xff\xfe\0\0\0\0\x11\0",
            b"\xf4\x90\x80\x80    ",
            b"    \xed\xa0\xc0",
        ] {
            assert_eq!(decode(body), Err(BodyError::Unparsable), "{body:x?}");
            for size in 1..5 {
                assert_eq!(in_pieces(body, size), Err(BodyError::Unparsable), "{body:x?} by {size}");
            }
        }
    }

    proptest! {
        #[test]
        fn cutting_a_body_never_changes_the_text(
            body in prop_oneof![
                any::<Vec<u8>>(),
                any::<String>().prop_map(String::into_bytes),
                any::<String>().prop_map(|text| [&[0xFF, 0xFE][..], &utf16(&text, false)].concat()),
            ],
            size in 1_usize..9,
        ) {
            let whole = decode(&body).map(std::borrow::Cow::into_owned);
            prop_assert_eq!(in_pieces(&body, size), whole);
        }
    }
}
