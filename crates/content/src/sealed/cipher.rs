//! `XSalsa20` and Poly1305 in pieces, put together as NaCl's `crypto_secretbox` does: the first 32 bytes of the key
//! stream are the key of the tag, the ciphertext uses those behind them, the tag is over the ciphertext alone.

use poly1305::{Block, Poly1305, universal_hash::UniversalHash};
use salsa20::{
    XSalsa20,
    cipher::{KeyIvInit, StreamCipher, StreamCipherSeek},
};

use super::{BoxKey, NONCE, TAG};

/// Where the ciphertext begins in the key stream.
const BEGINS: u64 = 32;
const BLOCK: usize = 16;

/// Cipher and tag for one content, both at its beginning.
pub(super) fn begin(key: &BoxKey, nonce: &[u8; NONCE]) -> (Cipher, Tag) {
    let mut cipher = XSalsa20::new(&key.0.into(), nonce.into());
    let mut tag_key = [0; 32];
    cipher.apply_keystream(&mut tag_key);
    let mac = <Poly1305 as poly1305::universal_hash::KeyInit>::new(&tag_key.into());
    (Cipher(cipher), Tag { mac, held: [0; BLOCK], count: 0 })
}

/// Encrypts and decrypts, which is the same.
pub(super) struct Cipher(XSalsa20);

impl Cipher {
    /// Applies the key stream to the next bytes.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        self.0.apply_keystream(bytes);
    }

    /// Goes to byte `offset` of the content.
    pub(super) fn seek(&mut self, offset: u64) {
        self.0.seek(BEGINS + offset);
    }
}

/// The tag of a ciphertext that comes in pieces.
pub(super) struct Tag {
    mac: Poly1305,
    held: [u8; BLOCK],
    count: usize,
}

impl Tag {
    /// Takes the next piece of ciphertext.
    pub(super) fn update(&mut self, mut piece: &[u8]) {
        if self.count > 0 {
            let taken = piece.len().min(BLOCK - self.count);
            self.held[self.count..self.count + taken].copy_from_slice(&piece[..taken]);
            self.count += taken;
            piece = &piece[taken..];
            if self.count < BLOCK {
                return;
            }
            self.mac.update(&[Block::from(self.held)]);
        }
        let whole = piece.len() - piece.len() % BLOCK;
        // Whole blocks: nothing is padded.
        self.mac.update_padded(&piece[..whole]);
        self.count = piece.len() - whole;
        self.held[..self.count].copy_from_slice(&piece[whole..]);
    }

    /// The tag of all pieces.
    pub(super) fn finish(self) -> [u8; TAG] {
        self.mac.compute_unpadded(&self.held[..self.count]).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pieces_give_what_the_whole_gives(lengths in prop::collection::vec(0..70_usize, 0..12), from in 0..500_u64) {
            let key = BoxKey([3; 32]);
            let plain: Vec<u8> = (0..lengths.iter().sum()).map(|place| u8::try_from(place % 251).unwrap()).collect();
            let whole = key.seal(&[5; NONCE], &plain);
            let (mut cipher, mut tag) = begin(&key, &[5; NONCE]);
            let mut pieces = Vec::new();
            for length in lengths {
                let mut piece = plain[pieces.len()..pieces.len() + length].to_vec();
                cipher.apply(&mut piece);
                tag.update(&piece);
                pieces.extend_from_slice(&piece);
            }
            prop_assert_eq!(&pieces, &whole[super::super::HEAD..]);
            prop_assert_eq!(&tag.finish(), &whole[NONCE..super::super::HEAD]);

            let from = usize::try_from(from).unwrap().min(pieces.len());
            cipher.seek(from as u64);
            cipher.apply(&mut pieces[from..]);
            prop_assert_eq!(&pieces[from..], &plain[from..]);
        }
    }
}
