//! Who cosigns this ledger: the witnesses of the policy file, asked over HTTP.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use strongroom_fetch::{AddressPolicy, Fetcher, Limits, public_form};
use strongroom_kernel::{
    WitnessPart,
    ports::{Witness, WitnessAnswer},
};
use strongroom_ledger::{AddCheckpoint, Checkpoint, Note, Policy, Verifier};
use strongroom_tlog::HttpWitness;

use super::Stores;
use crate::config::Config;

/// Most bytes of a policy file.
const MAX_POLICY: u64 = strongroom_ledger::policy::MAX_POLICY_BYTES as u64;

/// The policy in a file.
///
/// # Errors
/// When it cannot be read, saying which line is wrong.
pub(crate) fn policy(path: &std::path::Path) -> Result<Policy> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_POLICY + 1).read_to_end(&mut bytes))
        .with_context(|| format!("read policy {}", path.display()))?;
    Policy::parse(&bytes).with_context(|| format!("read policy {}", path.display()))
}

/// Who is asked to cosign, if anybody is.
///
/// # Errors
/// When the policy cannot be read, is about other logs, or its witnesses with a URL cannot make its quorum.
pub(crate) fn witnesses(config: &Config, verifier: &Verifier) -> Result<Option<WitnessPart>> {
    let Some(file) = &config.ledger.witnesses.file else { return Ok(None) };
    let policy = policy(file)?;
    let own = |log: &strongroom_ledger::policy::PolicyLog| log.verifier == *verifier;
    if !policy.logs().is_empty() && !policy.logs().iter().any(own) {
        bail!("ledger.witnesses.file: the policy names other logs, but not this one ({verifier})");
    }
    let fetcher = Fetcher::new(Limits::default(), AddressPolicy::Any)?;
    let mut witnesses: Vec<(usize, Arc<dyn Witness>)> = Vec::new();
    for (place, witness) in policy.witnesses().iter().enumerate() {
        let Some(url) = &witness.url else { continue };
        let named = || format!("ledger.witnesses.file: the URL of witness {}", witness.name);
        public_form(url).with_context(named)?;
        witnesses.push((place, Arc::new(HttpWitness::new(url.clone(), fetcher.clone()))));
    }
    if !policy.is_met(|place| witnesses.iter().any(|(other, _)| *other == place)) {
        bail!("ledger.witnesses.file: the witnesses that have a URL cannot make the quorum");
    }
    Ok(Some(WitnessPart { policy, witnesses, every: config.ledger.witnesses.every }))
}

/// Asks every witness whether it follows the published checkpoint; what it cosigned last, in words.
pub(crate) async fn ask_witnesses(
    config: &Config,
    verifier: &Verifier,
    stores: &Stores,
) -> Result<Vec<(String, Result<String>)>> {
    let Some(part) = witnesses(config, verifier)? else { return Ok(Vec::new()) };
    let signed = stores.tiles.read("checkpoint").await?.context("no checkpoint was published yet")?;
    let origin = verifier.name().to_string();
    let (checkpoint, note) = Checkpoint::open(&signed, &origin, std::slice::from_ref(verifier))?;
    let mut answers = Vec::new();
    for (place, witness) in &part.witnesses {
        let name = format!("witness {}", part.policy.witnesses()[*place].name);
        answers.push((name, ask(witness.as_ref(), &checkpoint, &note).await));
    }
    answers.push(("cosigned checkpoint".to_owned(), cosigned(&part.policy, verifier, stores).await));
    Ok(answers)
}

async fn ask(witness: &dyn Witness, checkpoint: &Checkpoint, note: &Note) -> Result<String> {
    let request = AddCheckpoint::new(checkpoint.size(), Vec::new(), note.clone())?;
    match witness.add_checkpoint(&request).await? {
        WitnessAnswer::Cosigned(_) => Ok(format!("cosigned all {} leaves", checkpoint.size())),
        WitnessAnswer::Latest(seen) if seen <= checkpoint.size() => {
            Ok(format!("cosigned {seen} leaves so far"))
        }
        WitnessAnswer::Latest(seen) => bail!(
            "cosigned {seen} leaves, the published checkpoint has {}: this ledger was rolled back",
            checkpoint.size()
        ),
        WitnessAnswer::Refused { status: 422, text } => bail!("holds another history of this ledger: {text}"),
        WitnessAnswer::Refused { status, text } => bail!("refuses with status {status}: {text}"),
    }
}

async fn cosigned(policy: &Policy, verifier: &Verifier, stores: &Stores) -> Result<String> {
    let signed = stores.tiles.read("checkpoint.cosigned").await?;
    let signed = signed.context("no quorum has cosigned a checkpoint yet")?;
    let judged = policy.judge_of(&signed, std::slice::from_ref(verifier))?;
    let names: Vec<String> = judged.cosigned.into_iter().map(|(name, _)| name).collect();
    Ok(format!("{} leaves, cosigned by {}", judged.checkpoint.size(), names.join(", ")))
}
