//! Chains that attest checkpoints. Sections `[ledger.ethereum]` and `[ledger.bigchaindb]`.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;
use strongroom_bytes::config::Secret;

use super::{ConfigError, secret, units};

/// Which kind of transaction is sent to an Ethereum chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fees {
    /// As the newest block suggests.
    #[default]
    Auto,
    /// With a gas price.
    Legacy,
    /// With a base fee and a tip (EIP-1559).
    Dynamic,
}

/// What a POST to BigchainDB waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Nothing.
    Async,
    /// The check of its rules.
    Sync,
    /// A block.
    #[default]
    Commit,
}

/// An Ethereum or Besu chain. Section `[ledger.ethereum]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Ethereum {
    /// JSON-RPC of a node, `http` or `https`; unset: nothing is written to a chain. Since 0.1.
    pub(crate) url: Option<Secret>,
    /// A file with what would stand in `url`. Since 0.1.
    pub(crate) url_file: Option<PathBuf>,
    /// The chain's id (EIP-155); needed with `url`, and a node of another chain is refused. Since 0.1.
    pub(crate) chain_id: Option<u64>,
    /// File with the private key of the account that pays, of mode 600: 64 hexadecimal digits; unset: made in the
    /// data folder at the first start. Nobody else may use the account. Since 0.1.
    pub(crate) key_file: Option<PathBuf>,
    /// Blocks a transaction must lie in, its own counted; 1 where blocks are final at once. Default 12. Since 0.1.
    pub(crate) confirmations: u64,
    /// Between two attestations; nothing is sent while nothing was written. Default `1h`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) every: Duration,
    /// Between two looks at the chain while something is under way. Default `4s`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) poll: Duration,
    /// How long a transaction waits for a block before one that pays more replaces it. Default `3m`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) stuck_after: Duration,
    /// `auto`, `legacy` or `dynamic`. Default `auto`. Since 0.1.
    pub(crate) fees: Fees,
    /// A fixed gas price in wei, `0` where gas is free; makes transactions legacy ones. Since 0.1.
    pub(crate) gas_price: Option<u64>,
    /// The most a unit of gas may cost, tip included, in gwei (10^9 wei). Default 200. Since 0.1.
    pub(crate) max_fee_gwei: u64,
}

/// A BigchainDB. Section `[ledger.bigchaindb]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BigchainDb {
    /// Its API, such as `http://host:9984/api/v1`; unset: nothing is written to one. Since 0.1.
    pub(crate) url: Option<String>,
    /// File with the Ed25519 seed that signs, of mode 600: 64 hexadecimal digits; unset: made in the data folder
    /// at the first start. Since 0.1.
    pub(crate) key_file: Option<PathBuf>,
    /// What a POST waits for: `async`, `sync` or `commit`. Default `commit`. Since 0.1.
    pub(crate) mode: Mode,
    /// Between two attestations; nothing is sent while nothing was written. Default `1h`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) every: Duration,
}

/// Shortest time between two attestations, and between two looks.
const SHORTEST: Duration = Duration::from_secs(1);
/// Most confirmations that make sense; nodes forget older states.
const MAX_CONFIRMATIONS: u64 = 100;
/// One gwei in wei, and the most gwei that fit.
const MAX_GWEI: u64 = 1_000_000_000;

impl Default for Ethereum {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            chain_id: None,
            key_file: None,
            confirmations: 12,
            every: Duration::from_hours(1),
            poll: Duration::from_secs(4),
            stuck_after: Duration::from_mins(3),
            fees: Fees::Auto,
            gas_price: None,
            max_fee_gwei: 200,
        }
    }
}

impl Default for BigchainDb {
    fn default() -> Self {
        Self { url: None, key_file: None, mode: Mode::Commit, every: Duration::from_hours(1) }
    }
}

impl Ethereum {
    /// Reads `url_file`, if that is given.
    pub(super) fn resolve(&mut self) -> Result<(), ConfigError> {
        secret::resolve("ledger.ethereum.url", &mut self.url, self.url_file.as_deref())?;
        self.url.take_if(|url| url.is_empty());
        Ok(())
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let wrong = |key: &str, text: &str| Err(ConfigError::value(&format!("ledger.ethereum.{key}"), text));
        if self.url.as_ref().is_some_and(|url| !is_http(url.reveal())) {
            return wrong("url", "must begin with http:// or https://");
        }
        if self.url.is_some() != self.chain_id.is_some() {
            return wrong("chain_id", "needs ledger.ethereum.url beside it, and the reverse");
        }
        if !(1..=MAX_CONFIRMATIONS).contains(&self.confirmations) {
            return wrong("confirmations", "must be from 1 to 100");
        }
        for (key, time) in [("every", self.every), ("poll", self.poll), ("stuck_after", self.stuck_after)] {
            if time < SHORTEST {
                return wrong(key, "must be at least 1s");
            }
        }
        if self.gas_price.is_some() && self.fees == Fees::Dynamic {
            return wrong("gas_price", "is for legacy transactions, fees are dynamic");
        }
        if !(1..=MAX_GWEI).contains(&self.max_fee_gwei) {
            return wrong("max_fee_gwei", "must be from 1 to 1000000000");
        }
        Ok(())
    }
}

impl BigchainDb {
    /// An address that is empty is none.
    pub(super) fn resolve(&mut self) {
        self.url.take_if(|url| url.is_empty());
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.url.as_deref().is_some_and(|url| !is_http(url)) {
            return Err(ConfigError::value("ledger.bigchaindb.url", "must begin with http:// or https://"));
        }
        if self.every < SHORTEST {
            return Err(ConfigError::value("ledger.bigchaindb.every", "must be at least 1s"));
        }
        Ok(())
    }
}

fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}
