//! Chains that attest checkpoints: who writes with which key, who only checks.

#[cfg(feature = "ethereum")]
use std::path::PathBuf;
use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
#[cfg(feature = "ethereum")]
use strongroom_anchor::ethereum::{Account, Ethereum, EthereumSettings, FeeKind, FeePolicy, Writing};
use strongroom_anchor::{
    BigchainDb,
    bigchaindb::{BigchainDbSettings, Mode as PostMode},
};
#[cfg(feature = "ethereum")]
use strongroom_durable as durable;
use strongroom_fetch::{AddressPolicy, Fetcher, Limits};
use strongroom_kernel::{AnchorPart, ports::Anchor};

use super::rng;
#[cfg(feature = "ethereum")]
use crate::config::EthereumFees;
use crate::{
    config::{Config, PostTo},
    keys,
};

/// How long one call waits for a chain; what is under way by then is found again by the next.
const PATIENCE: Duration = Duration::from_mins(30);
/// Between two looks at BigchainDB.
const POLL: Duration = Duration::from_secs(2);

/// What the anchors are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// To attest: keys are made where there are none.
    Write,
    /// To check what was attested.
    Check,
}

/// The configured chains.
///
/// # Errors
/// When a key cannot be read, or an address is none.
pub(super) fn chains(config: &Config, purpose: Use) -> Result<Vec<AnchorPart>> {
    let mut parts = Vec::new();
    if let Some(anchor) = ethereum(config, purpose)? {
        parts.push(AnchorPart { anchor, every: config.ledger.ethereum.every });
    }
    if let Some(anchor) = bigchaindb(config, purpose)? {
        parts.push(AnchorPart { anchor: Arc::new(anchor), every: config.ledger.bigchaindb.every });
    }
    Ok(parts)
}

/// Asks every configured chain whether it is there.
pub(super) async fn ask(config: &Config) -> Vec<(String, Result<()>)> {
    let mut answers = Vec::new();
    #[cfg(feature = "ethereum")]
    if let Some(settings) = ethereum_settings(config) {
        let answer = async {
            Ethereum::reader(settings, fetcher()?)?.ask().await?;
            Ok(())
        };
        answers.push(("Ethereum node".to_owned(), answer.await));
    }
    match bigchaindb(config, Use::Check) {
        Ok(None) => {}
        Ok(Some(anchor)) => answers.push(("BigchainDB".to_owned(), anchor.ask().await.map_err(Into::into))),
        Err(error) => answers.push(("BigchainDB".to_owned(), Err(error))),
    }
    answers
}

#[cfg(feature = "ethereum")]
fn ethereum(config: &Config, purpose: Use) -> Result<Option<Arc<dyn Anchor>>> {
    let Some(settings) = ethereum_settings(config) else { return Ok(None) };
    if purpose == Use::Check {
        return Ok(Some(Arc::new(Ethereum::reader(settings, fetcher()?)?)));
    }
    let key = config.ledger.ethereum.key_file.clone();
    let key = key.unwrap_or_else(|| config.data.dir.join("keys/ethereum.key"));
    let key = keys::chain_key(&key, rng().as_ref()).context("read ledger.ethereum.key_file")?;
    let account = Account::from_bytes(&key).context("read ledger.ethereum.key_file")?;
    let address = account.address();
    tracing::info!(%address, chain = settings.chain_id, "checkpoints are anchored by this account");
    let book = book(config, &format!("ethereum-{}-{address:#x}.book", settings.chain_id))?;
    let anchor = Ethereum::writer(settings, Writing { account, book }, fetcher()?)?;
    Ok(Some(Arc::new(anchor)))
}

#[cfg(not(feature = "ethereum"))]
fn ethereum(config: &Config, _: Use) -> Result<Option<Arc<dyn Anchor>>> {
    if config.ledger.ethereum.url.is_some() {
        anyhow::bail!("ledger.ethereum.url: this program was built without the feature `ethereum`");
    }
    Ok(None)
}

#[cfg(feature = "ethereum")]
fn ethereum_settings(config: &Config) -> Option<EthereumSettings> {
    const GWEI: u128 = 1_000_000_000;
    let section = &config.ledger.ethereum;
    let kind = match section.fees {
        EthereumFees::Auto => FeeKind::Auto,
        EthereumFees::Legacy => FeeKind::Legacy,
        EthereumFees::Dynamic => FeeKind::Dynamic,
    };
    Some(EthereumSettings {
        url: section.url.as_ref()?.reveal().to_owned(),
        chain_id: section.chain_id?,
        confirmations: section.confirmations,
        poll: section.poll,
        stuck_after: section.stuck_after,
        patience: PATIENCE,
        fees: FeePolicy {
            kind,
            gas_price: section.gas_price.map(u128::from),
            max_fee: u128::from(section.max_fee_gwei) * GWEI,
        },
    })
}

/// Where the transactions of an account are noted.
#[cfg(feature = "ethereum")]
fn book(config: &Config, name: &str) -> Result<PathBuf> {
    let folder = config.data.dir.join("anchors");
    durable::create_folder(&folder).context("make the folder of anchors")?;
    Ok(folder.join(name))
}

fn bigchaindb(config: &Config, purpose: Use) -> Result<Option<BigchainDb>> {
    let section = &config.ledger.bigchaindb;
    let Some(url) = section.url.clone() else { return Ok(None) };
    let mode = match section.mode {
        PostTo::Async => PostMode::Async,
        PostTo::Sync => PostMode::Sync,
        PostTo::Commit => PostMode::Commit,
    };
    let settings = BigchainDbSettings { url, mode, poll: POLL, patience: PATIENCE };
    let seed = match purpose {
        Use::Check => None,
        Use::Write => {
            let key = section.key_file.clone();
            let key = key.unwrap_or_else(|| config.data.dir.join("keys/bigchaindb.key"));
            Some(keys::chain_key(&key, rng().as_ref()).context("read ledger.bigchaindb.key_file")?)
        }
    };
    Ok(Some(BigchainDb::new(settings, seed.as_ref(), fetcher()?).context("ledger.bigchaindb.url")?))
}

/// The operator chose the addresses, so any will do.
fn fetcher() -> Result<Fetcher> {
    Ok(Fetcher::new(Limits::default(), AddressPolicy::Any)?)
}
