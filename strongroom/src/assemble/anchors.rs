//! Who attests: raw files of `bytes` one by one, and the ledger's checkpoints on a rhythm.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use strongroom_anchor::{
    InMemory, Pastebin, Rfc3161,
    rfc3161::{Certificates, HashAlgorithm, Rfc3161Settings, Trust},
};
use strongroom_bytes::{audit::RawFileAudit, config::Authority};
use strongroom_fetch::{AddressPolicy, Fetcher, Limits, public_form};
use strongroom_kernel::{AnchorPart, ports::Anchor, verify::Audit};

use super::{
    chains::{self, Use},
    rng,
};
use crate::config::Config;

/// Who attests raw files.
///
/// # Errors
/// When certificates cannot be read, or an address is none.
pub(crate) fn of_raw_files(config: &Config) -> Result<Arc<dyn Anchor>> {
    let proofs = &config.bytes.proofs;
    Ok(match (proofs.authority, &proofs.pastebin_key, &proofs.rfc3161_url, &proofs.rfc3161_certificates) {
        (Authority::Pastebin, Some(key), ..) => Arc::new(Pastebin::new(key.reveal(), fetcher()?)),
        (Authority::Rfc3161, _, Some(url), Some(certificates)) => Arc::new(rfc3161(url, certificates)?),
        (Authority::Pastebin | Authority::Rfc3161, ..) => {
            anyhow::bail!("bytes.proofs.authority: what it needs is not configured")
        }
        (Authority::InMemory, ..) => Arc::new(InMemory::new(rng())),
    })
}

/// Who attests checkpoints.
///
/// # Errors
/// As [`of_raw_files`].
pub(super) fn of_checkpoints(config: &Config) -> Result<Vec<AnchorPart>> {
    attesting(config, Use::Write)
}

fn attesting(config: &Config, purpose: Use) -> Result<Vec<AnchorPart>> {
    let ledger = &config.ledger;
    let mut parts = chains::chains(config, purpose)?;
    if let (Some(url), Some(certificates)) = (&ledger.timestamp_url, &ledger.timestamp_certificates) {
        parts.push(AnchorPart {
            anchor: Arc::new(rfc3161(url, certificates)?),
            every: ledger.timestamp_every,
        });
    }
    Ok(parts)
}

/// All who may have attested something, for verification.
///
/// # Errors
/// As [`of_raw_files`].
pub(crate) fn all(config: &Config) -> Result<Vec<Arc<dyn Anchor>>> {
    Ok(attesting(config, Use::Check)?.into_iter().map(|part| part.anchor).collect())
}

/// What the services check of their own.
///
/// # Errors
/// As [`of_raw_files`].
pub(crate) fn audits(config: &Config) -> Result<Vec<Arc<dyn Audit>>> {
    Ok(vec![Arc::new(RawFileAudit::new(of_raw_files(config)?))])
}

/// Has every configured authority stamp a text of no meaning, and asks chains whether they are there. Pastebin is not
/// asked: it would publish it.
pub(crate) async fn ask_authorities(config: &Config) -> Vec<(String, Result<()>)> {
    let proofs = &config.bytes.proofs;
    let of_files = proofs.rfc3161_url.as_deref().zip(proofs.rfc3161_certificates.as_deref());
    let ledger = &config.ledger;
    let of_checkpoints = ledger.timestamp_url.as_deref().zip(ledger.timestamp_certificates.as_deref());
    let mut answers = chains::ask(config).await;
    for (url, certificates) in [of_files, of_checkpoints].into_iter().flatten() {
        let answer = async {
            rfc3161(url, certificates)?.anchor("is anybody there").await?;
            Ok(())
        };
        answers
            .push((format!("time-stamp authority {}", public_form(url).unwrap_or_default()), answer.await));
    }
    answers
}

fn rfc3161(url: &str, certificates: &Path) -> Result<Rfc3161> {
    let reading = || format!("read certificates {}", certificates.display());
    let trust = Trust::read(&std::fs::read(certificates).with_context(reading)?).with_context(reading)?;
    let settings = Rfc3161Settings {
        url: url.to_owned(),
        imprint: HashAlgorithm::Sha256,
        certificates: Certificates::Include,
        trust,
    };
    Ok(Rfc3161::new(settings, fetcher()?, rng())?)
}

/// The operator chose the addresses, so any will do.
fn fetcher() -> Result<Fetcher> {
    Ok(Fetcher::new(Limits::default(), AddressPolicy::Any)?)
}
