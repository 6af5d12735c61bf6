//! Encryption at rest as NaCl's `crypto_box` does it, around any store and any packs.
//!
//! A sealed content is nonce (24 bytes), tag (16), ciphertext: what OpenKAT's Bytes writes and reads. `cipher.rs`
//! has the arithmetic in pieces, `store.rs` and `packs.rs` the wrappers. Digests are always of the plain content.
//! One shared key for all, no key id: that is the format's; changing keys means writing all content anew.

mod cipher;
mod packs;
mod store;

use std::fmt;

use curve25519_dalek::MontgomeryPoint;
use salsa20::{cipher::consts::U10, hsalsa};

pub use packs::SealedPacks;
pub use store::SealedStore;

use self::cipher::Tag;

/// Bytes before the ciphertext: nonce and tag.
pub const HEAD: usize = NONCE + TAG;
/// Length of a nonce in bytes.
pub const NONCE: usize = 24;
/// Length of a tag in bytes.
const TAG: usize = 16;

/// The key that two NaCl key pairs share. It seals and opens.
#[derive(Clone)]
pub struct BoxKey([u8; 32]);

impl BoxKey {
    /// The key shared by the pair of which `private` is the private half and the pair of which `public` is the
    /// public half (NaCl `crypto_box_beforenm`).
    pub fn new(private: &[u8; 32], public: &[u8; 32]) -> Self {
        let shared = MontgomeryPoint(*public).mul_clamped(*private);
        Self(hsalsa::<U10>(&shared.0.into(), &[0; 16].into()).into())
    }

    /// Seals `plain`. A nonce must never be used twice; 24 random bytes never are.
    pub fn seal(&self, nonce: &[u8; NONCE], plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(HEAD + plain.len());
        sealed.extend_from_slice(nonce);
        sealed.extend_from_slice(&[0; TAG]);
        sealed.extend_from_slice(plain);
        let (mut cipher, mut tag) = cipher::begin(self, nonce);
        cipher.apply(&mut sealed[HEAD..]);
        tag.update(&sealed[HEAD..]);
        sealed[NONCE..HEAD].copy_from_slice(&tag.finish());
        sealed
    }

    /// Opens what was sealed with this key; `None` when it was not, or was changed.
    pub fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (head, ciphertext) = sealed.split_first_chunk()?;
        let head = Head(*head);
        let (mut cipher, mut tag) = cipher::begin(self, head.nonce());
        tag.update(ciphertext);
        if !head.has(tag) {
            return None;
        }
        let mut plain = ciphertext.to_vec();
        cipher.apply(&mut plain);
        Some(plain)
    }
}

impl fmt::Debug for BoxKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BoxKey(redacted)")
    }
}

/// What stands before the ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head([u8; HEAD]);

impl Head {
    fn nonce(&self) -> &[u8; NONCE] {
        self.0.first_chunk().expect("a head begins with a nonce")
    }

    /// Whether `tag` is the one in the head; takes the same time wherever they differ.
    fn has(&self, tag: Tag) -> bool {
        subtle::ConstantTimeEq::ct_eq(&tag.finish()[..], &self.0[NONCE..]).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes<const N: usize>(first: u8) -> [u8; N] {
        std::array::from_fn(|place| first + u8::try_from(place).unwrap())
    }

    fn key() -> BoxKey {
        let public = crypto_box::SecretKey::from(bytes::<32>(0x21)).public_key();
        BoxKey::new(&bytes(1), public.as_bytes())
    }

    #[test]
    fn seals_as_the_vectors_of_the_original() {
        assert_eq!(hex::encode(key().0), "ec88f6e13b22bf9f04d480e0d8525c08ac7e2f48e212742bcbcafa104a74b08d");
        let sealed = "000102030405060708090a0b0c0d0e0f1011121314151617\
                      f1a0f6edee90f92d72bd2b1918a120bb7a90b735351d1fab8d9732";
        assert_eq!(hex::encode(key().seal(&bytes(0), b"hello bytes")), sealed);
        assert_eq!(key().open(&hex::decode(sealed).unwrap()).unwrap(), b"hello bytes");
        let empty = key().seal(&bytes(0), b"");
        assert_eq!(hex::encode(&empty[NONCE..]), "bdc4c48134fd88418f8116ec3e760fc1");
        assert_eq!(key().open(&empty).unwrap(), b"");
    }

    #[test]
    fn each_changed_bit_is_found() {
        let sealed = key().seal(&bytes(0), &[7; 33]);
        for bit in 0..8 * sealed.len() {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key().open(&changed), None, "bit {bit}");
        }
        for cut in 0..sealed.len() {
            assert_eq!(key().open(&sealed[..cut]), None, "cut at {cut}");
        }
    }

    #[test]
    fn the_key_is_not_printed() {
        assert_eq!(format!("{:?}", key()), "BoxKey(redacted)");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn crypto_box_opens_what_we_seal_and_the_other_way_round(
            one in any::<[u8; 32]>(), other in any::<[u8; 32]>(), nonce in any::<[u8; NONCE]>(),
            plain in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            use crypto_box::aead::Aead;
            let (one, other) = (crypto_box::SecretKey::from(one), crypto_box::SecretKey::from(other));
            let ours = BoxKey::new(&one.to_bytes(), other.public_key().as_bytes());
            let theirs = crypto_box::SalsaBox::new(&one.public_key(), &other);
            let sealed = ours.seal(&nonce, &plain);
            let nonce = crypto_box::Nonce::from(nonce);
            prop_assert_eq!(theirs.decrypt(&nonce, &sealed[NONCE..]).unwrap(), plain.clone());
            prop_assert_eq!(theirs.encrypt(&nonce, plain.as_slice()).unwrap(), &sealed[NONCE..]);
            prop_assert_eq!(ours.open(&sealed).unwrap(), plain);
        }
    }
}
