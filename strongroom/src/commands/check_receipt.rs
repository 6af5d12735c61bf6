//! `check-receipt`: the receipt of a shared ledger held against a leaf and that ledger's public key, offline.

use std::{io::Read as _, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Deserialize;
use strongroom_kernel::shared::{MAX_RECEIPT_BYTES, SharedReceipt};
use strongroom_ledger::{Hash, Verifier};

use crate::output::say;

#[derive(Debug, Args)]
pub(crate) struct CheckReceipt {
    /// The receipt, as `GET /custody/receipts/<index>` gives it.
    receipt: PathBuf,
    /// The verifier key of the shared ledger.
    #[arg(long)]
    key: String,
    /// The leaf's hash as 64 hex digits or base64.
    #[arg(long, value_name = "HASH")]
    leaf_hash: String,
}

/// What makes a receipt one of a leaf.
#[derive(Debug, Deserialize)]
struct Place {
    index: u64,
    path: Vec<String>,
}

impl CheckReceipt {
    pub(super) fn run(self) -> Result<ExitCode> {
        let key: Verifier = self.key.trim().parse().context("read the key")?;
        let text = self.leaf_hash.trim().trim_matches(':');
        let leaf = text.parse::<Hash>().or_else(|_| Hash::from_base64(text));
        let leaf = leaf.context("the leaf hash is neither 64 hex digits nor base64")?;
        let mut bytes = Vec::new();
        std::fs::File::open(&self.receipt)
            .and_then(|file| file.take(MAX_RECEIPT_BYTES as u64 + 1).read_to_end(&mut bytes))
            .with_context(|| format!("read {}", self.receipt.display()))?;
        let receipt = SharedReceipt::verify(&bytes, &key)?;
        let place: Place = serde_json::from_slice(&bytes).context("read index and path")?;
        let path = place.path.iter().map(|hash| hash.parse()).collect::<Result<Vec<Hash>, _>>();
        receipt.verify_leaf(leaf, place.index, &path.context("read the path")?)?;
        say!(
            "proven: leaf {} of {} was handed over, leaf {} of {} says so",
            place.index,
            receipt.ledger,
            receipt.index,
            key.name()
        );
        Ok(ExitCode::SUCCESS)
    }
}
