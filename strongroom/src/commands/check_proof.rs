//! `check-proof`: a proof file held against a leaf and the ledger's public key, offline.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use clap::{ArgGroup, Args};
use strongroom_custody::RecordFile;
use strongroom_ledger::{Hash, Leaf, Policy, TlogProof, Verifier, leaf_hash};
use strongroom_model::Timestamp;

use crate::{assemble, output::say};

/// Longest file that is read.
const MAX_BYTES: u64 = 64 << 20;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["leaf", "record", "leaf_hash"]))]
pub(crate) struct CheckProof {
    /// The proof (`.tlog-proof`).
    proof: PathBuf,
    /// The ledger's verifier key, as `keys show` and `GET /custody/key` give it.
    #[arg(long, required_unless_present = "policy")]
    key: Option<String>,
    /// A policy file (`c2sp.org/tlog-policy`): also checks that its quorum of witnesses cosigned the checkpoint.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// File with the leaf itself.
    #[arg(long, value_name = "FILE")]
    leaf: Option<PathBuf>,
    /// File with the record and its nonce (`.record.json`): also checks that the leaf commits to the record.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// The leaf's hash as 64 hex digits or base64, as receipts have it.
    #[arg(long, value_name = "HASH")]
    leaf_hash: Option<String>,
}

impl CheckProof {
    pub(super) fn run(self) -> Result<ExitCode> {
        let policy = self.policy.as_deref().map(assemble::policy).transpose()?;
        let keys = self.keys(policy.as_ref())?;
        let text = String::from_utf8(read(&self.proof)?).context("the proof is not text")?;
        let proof: TlogProof = text.parse().context("read the proof")?;
        let hash = self.hash(proof.index())?;
        let origin = proof.checkpoint().text().split('\n').next().unwrap_or_default().to_owned();
        let own: Vec<Verifier> = keys.iter().filter(|key| key.name().as_str() == origin).cloned().collect();
        if own.is_empty() {
            bail!("the proof does not hold: its checkpoint is of another log, {origin}");
        }
        let checkpoint = proof.verify(hash, &origin, &own).context("the proof does not hold")?;
        if let Some(policy) = &policy {
            let judged = policy.judge_of(proof.checkpoint().to_string().as_bytes(), &own);
            for (name, time) in judged.context("the proof does not satisfy the policy")?.cosigned {
                let time = i64::try_from(time).ok().and_then(|time| time.checked_mul(1_000_000));
                let time = time.and_then(Timestamp::from_micros).map(|time| time.to_string());
                say!("cosigned: {name} at {}", time.as_deref().unwrap_or("an unknown time"));
            }
        }
        say!(
            "proven: leaf {} of the {} leaves of {}, root {}",
            proof.index(),
            checkpoint.size(),
            checkpoint.origin(),
            checkpoint.root()
        );
        Ok(ExitCode::SUCCESS)
    }

    /// The keys one of which must have signed: the one given, or those of the policy.
    fn keys(&self, policy: Option<&Policy>) -> Result<Vec<Verifier>> {
        if let Some(key) = &self.key {
            return Ok(vec![key.trim().parse().context("read the key")?]);
        }
        let keys: Vec<Verifier> =
            policy.iter().flat_map(|policy| policy.logs()).map(|log| log.verifier.clone()).collect();
        if keys.is_empty() {
            bail!("the policy names no log, so --key must");
        }
        Ok(keys)
    }

    /// The hash of the leaf to be proven, with words about what it is.
    fn hash(&self, index: u64) -> Result<Hash> {
        if let Some(path) = &self.record {
            let file: RecordFile = serde_json::from_slice(&read(path)?).context("read the record")?;
            if file.index != index {
                bail!("the proof is about leaf {index}, the record about leaf {}", file.index);
            }
            let leaf = file.committed_leaf()?;
            tell(&leaf);
            say!("record: {}", file.record);
            return Ok(leaf.hash());
        }
        if let Some(path) = &self.leaf {
            let bytes = read(path)?;
            if let Ok(leaf) = Leaf::decode(&bytes) {
                tell(&leaf);
            }
            return Ok(leaf_hash(&bytes));
        }
        let text = self.leaf_hash.as_deref().unwrap_or_default().trim().trim_matches(':');
        text.parse::<Hash>()
            .or_else(|_| Hash::from_base64(text))
            .context("the leaf hash is neither 64 hex digits nor base64")
    }
}

fn tell(leaf: &Leaf) {
    let time = Timestamp::from_micros(leaf.time_micros).map(|time| time.to_string());
    say!("leaf: service {}, log time {}", leaf.service.as_str(), time.as_deref().unwrap_or("unknown"));
}

fn read(path: &Path) -> Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes))
        .with_context(|| format!("read {}", path.display()))?;
    Ok(bytes)
}
