//! The two crypto-conditions of an Ed25519 key (draft-thomas-crypto-conditions-04 §8.5), and Base58.
//!
//! Both are short fixed forms of DER, written down as such.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// The alphabet of Bitcoin's Base58: no `0`, `O`, `I`, `l`.
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The condition that a signature of `key` meets, as a URI.
pub fn condition_uri(key: &[u8; 32]) -> String {
    let fingerprint = Sha256::digest([[0x30, 0x22, 0x80, 0x20].as_slice(), key].concat());
    let fingerprint = BASE64_URL_SAFE_NO_PAD.encode(fingerprint);
    format!("ni:///sha-256;{fingerprint}?fpt=ed25519-sha-256&cost=131072")
}

/// The fulfillment of that condition: key and signature.
pub(super) fn fulfillment(key: &[u8; 32], signature: &[u8; 64]) -> String {
    let der = [[0xa4, 0x64, 0x80, 0x20].as_slice(), key, &[0x81, 0x40], signature].concat();
    BASE64_URL_SAFE_NO_PAD.encode(der)
}

/// Key and signature of a fulfillment; `None` when it is none of an Ed25519 key.
pub(super) fn read_fulfillment(text: &str) -> Option<([u8; 32], [u8; 64])> {
    let der: [u8; 102] = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    if der[..4] != [0xa4, 0x64, 0x80, 0x20] || der[36..38] != [0x81, 0x40] {
        return None;
    }
    Some((der[4..36].try_into().ok()?, der[38..].try_into().ok()?))
}

/// `bytes` in Base58: a number in that base, with a `1` for each leading zero byte. Quadratic: for keys.
pub fn base58(bytes: &[u8]) -> String {
    let mut digits: Vec<u8> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let ones = std::iter::repeat_n(&0, zeros);
    ones.chain(digits.iter().rev()).map(|digit| char::from(ALPHABET[usize::from(*digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base58_is_that_of_its_examples() {
        for (bytes, text) in [
            (b"".as_slice(), ""),
            (b"\0", "1"),
            (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
            (
                b"The quick brown fox jumps over the lazy dog.",
                "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
            ),
            (b"\0\0\x28\x7f\xb4\xcd", "11233QC4"),
        ] {
            assert_eq!(base58(bytes), text);
        }
    }

    #[test]
    fn a_fulfillment_is_read_as_it_was_written() {
        let text = fulfillment(&[7; 32], &[9; 64]);
        assert_eq!((text.len(), read_fulfillment(&text)), (136, Some(([7; 32], [9; 64]))));
        for other in ["", &text[1..], &text.replacen('p', "q", 1), &format!("{text}AA")] {
            assert_eq!(read_fulfillment(other), None, "{other}");
        }
    }
}
