//! The account that signs and pays: a secp256k1 key, and the address it makes.

use std::{fmt, str::FromStr};

use alloy_primitives::{Address, B256, Signature};
use k256::ecdsa::SigningKey;

/// Why a text is no key of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a private key of secp256k1, which is 64 hexadecimal digits")]
pub struct KeyError;

/// A private key with its address. The key is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    key: SigningKey,
    address: Address,
}

impl Account {
    /// The account of a private key.
    ///
    /// # Errors
    /// [`KeyError`] when it is zero or above the curve's order, which random bytes never are.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = SigningKey::from_slice(bytes).map_err(|_| KeyError)?;
        let address = Address::from_private_key(&key);
        Ok(Self { key, address })
    }

    /// The address, from which everybody sees what was sent.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The signature over a transaction's signing hash. Deterministic (RFC 6979).
    pub(super) fn sign(&self, hash: &B256) -> Signature {
        let signed = self.key.sign_prehash_recoverable(hash.as_slice());
        Signature::from(signed.expect("a hash of 32 bytes can be signed"))
    }
}

impl FromStr for Account {
    type Err = KeyError;

    /// Reads 64 hexadecimal digits, with or without `0x` before them and white space around.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let text = text.strip_prefix("0x").unwrap_or(text);
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| KeyError)?;
        Self::from_bytes(&bytes)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Account").field(&self.address).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key and address of EIP-155's example.
    const KEY: &str = "4646464646464646464646464646464646464646464646464646464646464646";

    #[test]
    fn an_account_has_the_address_of_its_key() {
        let account: Account = format!("0x{KEY}\n").parse().unwrap();
        assert_eq!(account.address().to_checksum(None), "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F");
        assert!(!format!("{account:?}").contains("4646"));
    }

    #[test]
    fn other_texts_are_no_keys() {
        for text in ["", "46", &KEY[2..], &format!("{KEY}46"), &"0".repeat(64), &"f".repeat(64)] {
            assert_eq!(text.parse::<Account>(), Err(KeyError), "{text}");
        }
    }
}
