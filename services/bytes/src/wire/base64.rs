//! Base64 as the original accepts it: Python's lenient decoder, made to work on pieces.
//!
//! The encoder is the `base64` crate's; [`Encoder`] only carries what is left over between pieces.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Set in a table entry whose byte is no base64 digit; digits only ever use the low 24 bits.
const ODD: u32 = 1 << 31;

/// For each of the four places in a quad, the bits that a byte contributes, or [`ODD`].
static PLACES: [[u32; 256]; 4] = [place(18), place(12), place(6), place(0)];

const fn place(shift: u32) -> [u32; 256] {
    let mut table = [ODD; 256];
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut value: u8 = 0;
    while value < 64 {
        table[digits[value as usize] as usize] = (value as u32) << shift;
        value += 1;
    }
    table
}

/// The text is no base64, even leniently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The last group has one digit, which stands for no byte.
    #[error("invalid base64: the number of digits cannot be 1 more than a multiple of 4")]
    LoneDigit,
    /// The last group has two or three digits and no padding to match.
    #[error("invalid base64: incorrect padding")]
    IncorrectPadding,
}

/// Decodes base64 that comes in pieces, as Python's `binascii.a2b_base64` decodes the whole.
///
/// Standard alphabet. Every other byte is skipped: line breaks, blanks, `-`, `_`, bytes above 127. The first complete
/// padding ends the data; what follows is ignored. Where the text is cut never matters.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    /// Digits of the current group, 0 to 3.
    digits: u8,
    /// The bits of these digits that no written byte holds yet.
    left: u8,
    /// Padding characters since the last digit of an unfinished group.
    pads: u8,
    ended: bool,
}

impl Decoder {
    /// A decoder at the start of a text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes the next piece and appends the bytes to `out`: at most three for four bytes of text, and two more.
    pub fn push(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let mut rest = text;
        while !rest.is_empty() && !self.ended {
            if self.digits == 0 {
                rest = &rest[decode_quads(rest, out)..];
            }
            // Here stands an odd byte, the end of the piece, or the middle of a group: go on byte by byte until the
            // group is whole.
            while let Some((byte, after)) = rest.split_first() {
                self.step(*byte, out);
                rest = after;
                if self.digits == 0 || self.ended {
                    break;
                }
            }
        }
    }

    /// Ends the text.
    ///
    /// # Errors
    /// [`DecodeError`] when the last group is incomplete.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.digits {
            _ if self.ended => Ok(()),
            0 => Ok(()),
            1 => Err(DecodeError::LoneDigit),
            _ => Err(DecodeError::IncorrectPadding),
        }
    }

    fn step(&mut self, byte: u8, out: &mut Vec<u8>) {
        if byte == b'=' {
            // Padding before the third place of a group means nothing, as in Python.
            if self.digits >= 2 {
                self.pads += 1;
                self.ended = self.digits + self.pads >= 4;
            }
            return;
        }
        let Ok(value) = u8::try_from(PLACES[3][usize::from(byte)]) else { return };
        self.pads = 0;
        match self.digits {
            0 => self.left = value,
            1 => {
                out.push((self.left << 2) | (value >> 4));
                self.left = value & 0x0F;
            }
            2 => {
                out.push((self.left << 4) | (value >> 2));
                self.left = value & 0x03;
            }
            _ => out.push((self.left << 6) | value),
        }
        self.digits = (self.digits + 1) % 4;
    }
}

/// Decodes groups of four digits from the front of `text` up to the first odd one; returns the bytes of text taken.
fn decode_quads(text: &[u8], out: &mut Vec<u8>) -> usize {
    let (quads, _) = text.as_chunks::<4>();
    let before = out.len();
    out.resize(before + quads.len() * 3, 0);
    let (places, _) = out[before..].as_chunks_mut::<3>();
    let mut taken = 0;
    for (quad, bytes) in quads.iter().zip(places) {
        let [a, b, c, d] = quad.map(usize::from);
        let bits = PLACES[0][a] | PLACES[1][b] | PLACES[2][c] | PLACES[3][d];
        if bits & ODD != 0 {
            break;
        }
        let [_, first, second, third] = bits.to_be_bytes();
        *bytes = [first, second, third];
        taken += 1;
    }
    out.truncate(before + taken * 3);
    taken * 4
}

/// Encodes content that comes in pieces; the text is the same as for the whole.
#[derive(Debug, Clone, Default)]
pub struct Encoder {
    held: Vec<u8>,
}

impl Encoder {
    /// An encoder at the start of a content.
    pub fn new() -> Self {
        Self::default()
    }

    /// Encodes the next piece and appends the text, except for at most two bytes that wait for more.
    pub fn push(&mut self, content: &[u8], out: &mut String) {
        let mut rest = content;
        if !self.held.is_empty() {
            let (missing, after) = rest.split_at(rest.len().min(3 - self.held.len()));
            self.held.extend_from_slice(missing);
            rest = after;
            if self.held.len() < 3 {
                return;
            }
            STANDARD.encode_string(&self.held, out);
            self.held.clear();
        }
        let (whole, left) = rest.split_at(rest.len() - rest.len() % 3);
        STANDARD.encode_string(whole, out);
        self.held.extend_from_slice(left);
    }

    /// Ends the content: appends the padded rest.
    pub fn finish(self, out: &mut String) {
        STANDARD.encode_string(&self.held, out);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(text: &[u8], piece: usize) -> Result<Vec<u8>, DecodeError> {
        let mut out = Vec::new();
        let mut decoder = Decoder::new();
        for piece in text.chunks(piece) {
            decoder.push(piece, &mut out);
        }
        decoder.finish().map(|()| out)
    }

    #[test]
    fn the_originals_table_holds() {
        let check = |text: &str, expected: &[u8]| {
            for piece in 1..=text.len().max(1) {
                assert_eq!(decode(text.as_bytes(), piece).as_deref(), Ok(expected), "{text:?} by {piece}");
            }
        };
        check("YWJj", b"abc");
        check("YWJj\n", b"abc");
        check("YW Jj", b"abc");
        check("", b"");
        check("====", b"");
        check("YWJjZA==junk", b"abcd");
        check("YWI=", b"ab");
        check("YWI==", b"ab");
        check("YQ==YWJj", b"a");
        check("YQ=\n=YWJj", b"a");
        check("YW=Jj", b"abc");
        check("YWJj=", b"abc");
        check("YWJj==", b"abc");
        check("=YWJj", b"abc");
        check("Y=WJj", b"abc");
        check("YWé-Jj", b"abc");
        check("+/8=", &[0xFB, 0xFF]);
    }

    #[test]
    fn incomplete_groups_are_errors() {
        let check = |text: &str, expected: DecodeError| {
            for piece in 1..=text.len() {
                assert_eq!(decode(text.as_bytes(), piece), Err(expected), "{text:?} by {piece}");
            }
        };
        check("YWJ", DecodeError::IncorrectPadding);
        check("YWI", DecodeError::IncorrectPadding);
        check("YQ", DecodeError::IncorrectPadding);
        check("YQ=", DecodeError::IncorrectPadding);
        check("Y", DecodeError::LoneDigit);
        check("YWJjZ", DecodeError::LoneDigit);
        check("-_8=", DecodeError::LoneDigit);
    }

    /// Text that is mostly base64, with the odd characters that matter.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let mostly = prop::collection::vec(prop_oneof![9 => 0_u8..64, 1 => 64_u8..70], 0..200);
        mostly.prop_map(|values| {
            let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\n- \xc3=";
            values.into_iter().map(|value| digits[usize::from(value)]).collect()
        })
    }

    /// The definition, one byte at a time and without the fast path.
    fn by_definition(text: &[u8]) -> Result<Vec<u8>, DecodeError> {
        let mut out = Vec::new();
        let mut decoder = Decoder::new();
        for byte in text {
            if !decoder.ended {
                decoder.step(*byte, &mut out);
            }
        }
        decoder.finish().map(|()| out)
    }

    proptest! {
        #[test]
        fn cutting_a_text_never_changes_the_result(text in text(), piece in 1_usize..40) {
            prop_assert_eq!(decode(&text, piece), by_definition(&text));
        }

        #[test]
        fn what_was_encoded_in_pieces_decodes_to_itself(content in any::<Vec<u8>>(), piece in 1_usize..40) {
            let mut encoded = String::new();
            let mut encoder = Encoder::new();
            for piece in content.chunks(piece) {
                encoder.push(piece, &mut encoded);
            }
            encoder.finish(&mut encoded);
            prop_assert_eq!(&encoded, &STANDARD.encode(&content));
            prop_assert_eq!(decode(encoded.as_bytes(), piece), Ok(content));
        }
    }
}
