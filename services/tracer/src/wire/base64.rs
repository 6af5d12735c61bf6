//! Base64 as the original reads it: the standard alphabet, white space skipped, padding where it is.

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Characters that are decoded at once; a multiple of four.
const PIECE: usize = 32 << 10;

/// The text is not Base64 of the standard alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotBase64;

/// Decodes `text` piece by piece into `take`.
pub(super) fn decode(text: &str, mut take: impl FnMut(&[u8])) -> Result<(), NotBase64> {
    let mut piece = Vec::with_capacity(PIECE.min(text.len()));
    let mut decoded = Vec::with_capacity(PIECE);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        if piece.len() == PIECE {
            // more follows: a piece that ends in padding is one too early
            if piece.ends_with(b"=") {
                return Err(NotBase64);
            }
            flush(&mut piece, &mut decoded, &mut take)?;
        }
        piece.push(byte);
    }
    flush(&mut piece, &mut decoded, &mut take)
}

/// Decodes a short text whole.
pub(super) fn decode_short(text: &str) -> Result<Vec<u8>, NotBase64> {
    let mut whole = Vec::new();
    decode(text, |piece| whole.extend_from_slice(piece))?;
    Ok(whole)
}

/// The form in which digests are stored and answered: standard alphabet with padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn flush(piece: &mut Vec<u8>, decoded: &mut Vec<u8>, take: &mut impl FnMut(&[u8])) -> Result<(), NotBase64> {
    decoded.clear();
    LENIENT.decode_vec(&*piece, decoded).map_err(|_| NotBase64)?;
    take(decoded);
    piece.clear();
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn white_space_and_missing_padding_are_read_and_other_alphabets_are_not() {
        assert_eq!(decode_short(" VGhp\ncw== "), Ok(b"This".to_vec()));
        assert_eq!(decode_short("VGhpcw"), Ok(b"This".to_vec()));
        assert_eq!(decode_short(""), Ok(Vec::new()));
        for wrong in ["_-8=", "VG=hp", "VGhpc", "ä", "VGhpcw==VGhp"] {
            assert_eq!(decode_short(wrong), Err(NotBase64), "{wrong}");
        }
    }

    #[test]
    fn padding_before_the_end_is_refused_at_the_edge_of_a_piece_too() {
        let text = format!("{}YQ==YQ==", "AAAA".repeat(PIECE / 4 - 1));
        assert_eq!(decode_short(&text), Err(NotBase64));
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(length in 0..100_000_usize, byte: u8) {
            let bytes: Vec<u8> = (0..length).map(|at| byte.wrapping_add(u8::try_from(at % 251).unwrap())).collect();
            prop_assert_eq!(decode_short(&encode(&bytes)), Ok(bytes));
        }
    }
}
