//! The shared ledger that takes the leaves of this one.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use strongroom_fetch::{AddressPolicy, Fetcher, Limits, public_form};
use strongroom_kernel::{ForwardPart, Kernel};
use strongroom_ledger::{Checkpoint, Verifier};
use strongroom_tlog::HttpSharedLedger;

use super::gauges::{Gauge, figure};
use crate::config::Config;

/// Where leaves are handed over to, if that is anywhere.
///
/// # Errors
/// When the address is none, or that of this ledger.
pub(crate) fn forward(config: &Config, own: &Verifier) -> Result<Option<ForwardPart>> {
    let ledger = &config.ledger;
    let (Some(url), Some(key), Some(token)) =
        (&ledger.forward_to, &ledger.forward_key, &ledger.forward_token)
    else {
        return Ok(None);
    };
    let key: Verifier = key.trim().parse().context("ledger.forward_key")?;
    if key == *own {
        bail!("ledger.forward_key: is the key of this ledger, which would hand its leaves over to itself");
    }
    public_form(url).context("ledger.forward_to")?;
    let fetcher = Fetcher::new(Limits::default(), AddressPolicy::Any)?;
    let shared = HttpSharedLedger::new(url.clone(), token.reveal().trim(), fetcher);
    Ok(Some(ForwardPart { shared: Arc::new(shared), key, every: ledger.forward_every }))
}

/// Asks the shared ledger whether it is there, under its key; in words. `None`: there is none.
pub(crate) async fn ask_shared(config: &Config) -> Option<Result<String>> {
    let (url, key) = config.ledger.forward_to.as_ref().zip(config.ledger.forward_key.as_ref())?;
    Some(ask(url, key).await)
}

async fn ask(url: &str, key: &str) -> Result<String> {
    let key: Verifier = key.trim().parse().context("ledger.forward_key")?;
    let fetcher = Fetcher::new(Limits::default(), AddressPolicy::Any)?;
    let url = format!("{}/checkpoint", url.trim_end_matches('/'));
    let answer = fetcher.get(&url).await?.success("read its checkpoint")?;
    let (checkpoint, _) = Checkpoint::open(&answer.body, key.name().as_str(), std::slice::from_ref(&key))?;
    Ok(format!("{} with {} leaves", key.name(), checkpoint.size()))
}

/// How it goes with the shared ledger; nothing while there is none.
pub(super) fn gauges(kernel: &Kernel) -> Vec<Gauge> {
    let Some(state) = kernel.forwarding() else { return Vec::new() };
    let waiting = kernel.ledger().published().size.saturating_sub(state.size);
    vec![
        ("leaves_not_forwarded", "Published leaves without a receipt of the shared ledger", figure(waiting)),
        (
            "forwarding_failing",
            "1 while the shared ledger did not take leaves when asked last",
            figure(u64::from(state.failing.is_some())),
        ),
        (
            "forwarding_contradicting",
            "1 while the shared ledger holds other leaves of this ledger",
            figure(u64::from(state.contradicts)),
        ),
    ]
}
