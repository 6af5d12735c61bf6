//! What a proof says: which transaction of which chain, and the block it was found in.

use std::{fmt, str::FromStr};

use alloy_primitives::B256;

/// A proof's link: `eip155:1/tx/0x…?block=0x…&number=123&time=1767605400`.
///
/// Only chain and transaction count when the proof is checked. The block is what we saw: after a reorganisation
/// the same transaction may lie in another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The chain's id (EIP-155).
    pub chain: u64,
    /// Hash of the transaction.
    pub transaction: B256,
    /// Hash of its block.
    pub block: B256,
    /// Number of its block.
    pub number: u64,
    /// Time of its block in seconds since 1970, as its producer says.
    pub time: u64,
}

/// Why a text is no [`Link`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a transaction with its block")]
pub struct LinkError;

impl fmt::Display for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chain, transaction, block, number, time } = self;
        write!(formatter, "eip155:{chain}/tx/{transaction}?block={block}&number={number}&time={time}")
    }
}

impl FromStr for Link {
    type Err = LinkError;

    /// Reads what [`fmt::Display`] writes, and nothing else.
    fn from_str(text: &str) -> Result<Self, LinkError> {
        let read = || {
            let rest = text.strip_prefix("eip155:")?;
            let (chain, rest) = rest.split_once("/tx/")?;
            let (transaction, rest) = rest.split_once("?block=")?;
            let (block, rest) = rest.split_once("&number=")?;
            let (number, time) = rest.split_once("&time=")?;
            Some(Self {
                chain: chain.parse().ok()?,
                transaction: transaction.parse().ok()?,
                block: block.parse().ok()?,
                number: number.parse().ok()?,
                time: time.parse().ok()?,
            })
        };
        read().filter(|link: &Self| link.to_string() == text).ok_or(LinkError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_as_it_was_written_and_not_otherwise() {
        let link = Link {
            chain: 1337,
            transaction: B256::repeat_byte(0xab),
            block: B256::repeat_byte(0x01),
            number: 12,
            time: 1_767_605_400,
        };
        let text = link.to_string();
        assert_eq!(text.parse(), Ok(link));
        let longer = format!("{text}0x");
        let upper = text.replace("ab", "AB");
        let plus = text.replace("=12&", "=+12&");
        for other in ["", "0", &text[1..], &text[..text.len() / 2], &longer, &upper, &plus] {
            assert_eq!(other.parse::<Link>(), Err(LinkError), "{other}");
        }
    }
}
