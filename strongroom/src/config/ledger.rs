//! The ledger: its name, its key, where its checkpoint is kept too. Section `[ledger]`.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;
use strongroom_ledger::note::KeyName;

use strongroom_bytes::config::Secret;

use super::{
    ConfigError,
    chains::{BigchainDb, Ethereum},
    secret, units,
    witnesses::Witnesses,
};

/// The ledger. Section `[ledger]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Ledger {
    /// Name of the ledger in its checkpoints, by custom a URL without scheme. Only looked at when the key is
    /// made, at the first start; unset: host name and a random part. Since 0.1.
    pub(crate) origin: Option<String>,
    /// File with the signing key, of mode 600; unset: made in the data folder at the first start. Since 0.1.
    pub(crate) key_file: Option<PathBuf>,
    /// A folder outside the data folder where the published checkpoint is kept too: by it `serve` and `verify`
    /// notice that the whole data folder was rolled back. Since 0.1.
    pub(crate) checkpoint_copy: Option<PathBuf>,
    /// Address of an RFC 3161 authority that attests checkpoints. Since 0.1.
    pub(crate) timestamp_url: Option<String>,
    /// Certificates its tokens are checked with, PEM or DER. Since 0.1.
    pub(crate) timestamp_certificates: Option<PathBuf>,
    /// Between two attestations; nothing is asked while nothing was written. Default `1h`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) timestamp_every: Duration,
    /// Reads of one object by one caller within this time are one leaf; at most `60s`. Default `60s`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) coalesce_reads: Duration,
    /// Address of the custody service of another Strongroom, a shared ledger, that takes the leaves of this one and
    /// gives receipts; unset: none. Since 0.1.
    pub(crate) forward_to: Option<String>,
    /// Verifier key of that ledger, under which its receipts must hold. Since 0.1.
    pub(crate) forward_key: Option<String>,
    /// A token of its role `forwarder`. Since 0.1.
    pub(crate) forward_token: Option<Secret>,
    /// File with that token. Since 0.1.
    pub(crate) forward_token_file: Option<PathBuf>,
    /// Longest time until fewer leaves than 256 are handed over too. Default `10s`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) forward_every: Duration,
    /// A chain that attests checkpoints. Since 0.1.
    pub(crate) ethereum: Ethereum,
    /// Another one. Since 0.1.
    pub(crate) bigchaindb: BigchainDb,
    /// Who cosigns checkpoints. Since 0.1.
    pub(crate) witnesses: Witnesses,
}

/// Longest time within which reads are one leaf: what the records' readers are promised.
const MAX_COALESCE: Duration = Duration::from_mins(1);

impl Default for Ledger {
    fn default() -> Self {
        Self {
            origin: None,
            key_file: None,
            checkpoint_copy: None,
            timestamp_url: None,
            timestamp_certificates: None,
            timestamp_every: Duration::from_hours(1),
            coalesce_reads: MAX_COALESCE,
            forward_to: None,
            forward_key: None,
            forward_token: None,
            forward_token_file: None,
            forward_every: Duration::from_secs(10),
            ethereum: Ethereum::default(),
            bigchaindb: BigchainDb::default(),
            witnesses: Witnesses::default(),
        }
    }
}

impl Ledger {
    /// Reads the addresses that stand in files.
    pub(super) fn resolve(&mut self) -> Result<(), ConfigError> {
        self.bigchaindb.resolve();
        secret::resolve("ledger.forward_token", &mut self.forward_token, self.forward_token_file.as_deref())?;
        self.ethereum.resolve()
    }

    fn validate_forward(&self) -> Result<(), ConfigError> {
        if self.forward_every.is_zero() {
            return Err(ConfigError::value("ledger.forward_every", "must be longer than zero"));
        }
        let given = [self.forward_to.is_some(), self.forward_key.is_some(), self.forward_token.is_some()];
        if given.iter().any(|given| *given) && !given.iter().all(|given| *given) {
            let text = "needs ledger.forward_key and ledger.forward_token beside it, and the reverse";
            return Err(ConfigError::value("ledger.forward_to", text));
        }
        if let Some(key) = &self.forward_key {
            let read = key.trim().parse::<strongroom_ledger::Verifier>();
            read.map_err(|error| ConfigError::value("ledger.forward_key", error.to_string()))?;
        }
        Ok(())
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if let Some(origin) = &self.origin {
            origin
                .parse::<KeyName>()
                .map_err(|error| ConfigError::value("ledger.origin", error.to_string()))?;
        }
        if self.timestamp_url.is_some() != self.timestamp_certificates.is_some() {
            let text = "needs ledger.timestamp_certificates beside it, and the reverse";
            return Err(ConfigError::value("ledger.timestamp_url", text));
        }
        if self.timestamp_every < Duration::from_secs(1) {
            return Err(ConfigError::value("ledger.timestamp_every", "must be at least 1s"));
        }
        if self.coalesce_reads > MAX_COALESCE {
            return Err(ConfigError::value("ledger.coalesce_reads", "must be at most 60s"));
        }
        self.validate_forward()?;
        self.ethereum.validate()?;
        self.bigchaindb.validate()
    }
}
