//! `check-proof`: a proof file held against a leaf and the ledger's public key, offline.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use clap::{ArgGroup, Args};
use strongroom_ledger::{Hash, Leaf, TlogProof, Verifier, leaf_hash};
use strongroom_model::Timestamp;

use crate::{offline::RecordFile, output::say};

/// Longest file that is read.
const MAX_BYTES: u64 = 64 << 20;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["leaf", "record", "leaf_hash"]))]
pub(crate) struct CheckProof {
    /// The proof (`.tlog-proof`).
    proof: PathBuf,
    /// The ledger's verifier key, as `keys show` and `GET /custody/key` give it.
    #[arg(long)]
    key: String,
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
        let key: Verifier = self.key.trim().parse().context("read the key")?;
        let text = String::from_utf8(read(&self.proof)?).context("the proof is not text")?;
        let proof: TlogProof = text.parse().context("read the proof")?;
        let hash = self.hash(proof.index())?;
        let checkpoint = proof
            .verify(hash, key.name().as_str(), std::slice::from_ref(&key))
            .context("the proof does not hold")?;
        say!(
            "proven: leaf {} of the {} leaves of {}, root {}",
            proof.index(),
            checkpoint.size(),
            checkpoint.origin(),
            checkpoint.root()
        );
        Ok(ExitCode::SUCCESS)
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
