//! Lenient base64: where the text is cut must not matter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_bytes::wire::base64::{DecodeError, Decoder};

fn decode(text: &[u8], piece: usize) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::new();
    let mut decoder = Decoder::new();
    for piece in text.chunks(piece) {
        decoder.push(piece, &mut out);
    }
    decoder.finish().map(|()| out)
}

fuzz_target!(|input: &[u8]| {
    let Some((piece, text)) = input.split_first() else { return };
    assert_eq!(decode(text, text.len().max(1)), decode(text, usize::from(*piece).max(1)));
});
