//! What nodes mean when they refuse a transaction: each has its own words for the same few reasons.
//!
//! The words are those of geth, anvil and Besu. A text nobody knows is [`Refusal::Other`], which is told to the
//! operator as it came.

/// Why a node refuses a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It has this very transaction.
    Known,
    /// A block has a transaction of this account with this nonce.
    NonceTooLow,
    /// Transactions before it are missing.
    NonceTooHigh,
    /// Another transaction with this nonce waits, and this one does not pay enough more.
    ReplacementUnderpriced,
    /// It pays less than the node, or the next block, takes.
    Underpriced,
    /// The account has not enough.
    NoFunds,
    /// The node keeps no more waiting transactions.
    Full,
    /// Anything else.
    Other,
}

/// Texts in lower case and what they mean; the first that is contained counts.
const WORDS: &[(&str, Refusal)] = &[
    ("already known", Refusal::Known),
    ("already imported", Refusal::Known),
    ("known transaction", Refusal::Known),
    ("transaction_already_known", Refusal::Known),
    ("replacement transaction underpriced", Refusal::ReplacementUnderpriced),
    ("replacement_underpriced", Refusal::ReplacementUnderpriced),
    ("nonce too low", Refusal::NonceTooLow),
    ("nonce_too_low", Refusal::NonceTooLow),
    ("nonce is too low", Refusal::NonceTooLow),
    ("nonce too high", Refusal::NonceTooHigh),
    ("too distant from current sender nonce", Refusal::NonceTooHigh),
    ("nonce_too_far_in_future", Refusal::NonceTooHigh),
    ("underpriced", Refusal::Underpriced),
    ("less than block base fee", Refusal::Underpriced),
    ("max fee per gas less than", Refusal::Underpriced),
    ("gas price below", Refusal::Underpriced),
    ("gas price too low", Refusal::Underpriced),
    ("gas_price_too_low", Refusal::Underpriced),
    ("below the minimum", Refusal::Underpriced),
    ("gas tip cap", Refusal::Underpriced),
    ("insufficient funds", Refusal::NoFunds),
    ("upfront cost exceeds", Refusal::NoFunds),
    ("exceeds account balance", Refusal::NoFunds),
    ("txpool is full", Refusal::Full),
    ("transaction pool is full", Refusal::Full),
    ("pool limit", Refusal::Full),
    ("limit exceeded", Refusal::Full),
];

/// What `message` means.
pub(super) fn meaning(message: &str) -> Refusal {
    let message = message.to_lowercase();
    let known = WORDS.iter().find(|(words, _)| message.contains(words));
    known.map_or(Refusal::Other, |(_, refusal)| *refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_each_node_are_known() {
        for (message, expected) in [
            // geth
            ("already known", Refusal::Known),
            ("nonce too low: next nonce 4, tx nonce 0", Refusal::NonceTooLow),
            ("replacement transaction underpriced", Refusal::ReplacementUnderpriced),
            ("transaction underpriced: gas tip cap 0, minimum needed 1", Refusal::Underpriced),
            ("max fee per gas less than block base fee: address 0x00", Refusal::Underpriced),
            ("insufficient funds for gas * price + value: balance 0", Refusal::NoFunds),
            ("txpool is full", Refusal::Full),
            // anvil
            ("transaction already imported", Refusal::Known),
            ("nonce too low", Refusal::NonceTooLow),
            ("Insufficient funds for gas * price + value", Refusal::NoFunds),
            // Besu
            ("Known transaction", Refusal::Known),
            ("Nonce too low", Refusal::NonceTooLow),
            ("Replacement transaction underpriced", Refusal::ReplacementUnderpriced),
            ("Gas price below configured minimum gas price", Refusal::Underpriced),
            ("Upfront cost exceeds account balance", Refusal::NoFunds),
            ("Transaction nonce is too distant from current sender nonce", Refusal::NonceTooHigh),
            ("the moon is full of cheese", Refusal::Other),
        ] {
            assert_eq!(meaning(message), expected, "{message}");
        }
    }
}
