//! `check-bundle`: an evidence bundle held against the ledger's public key, offline.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::Args;
use strongroom_anchor::rfc3161::{Trust, verify_token};
use strongroom_custody::bundle::{self, StampedCheckpoint, zip::MAX_BYTES};
use strongroom_ledger::Verifier;

use crate::{output::say, progress};

#[derive(Debug, Args)]
pub(crate) struct CheckBundle {
    /// The bundle.
    bundle: PathBuf,
    /// The ledger's verifier key, as `keys show` and `GET /custody/key` give it; not from whoever gave the bundle.
    #[arg(long)]
    key: String,
    /// Certificates (PEM) of the time-stamp authorities that are believed: their time-stamps are checked too.
    #[arg(long, value_name = "FILE")]
    timestamp_certificates: Option<PathBuf>,
    /// Print what is proven as one JSON object.
    #[arg(long)]
    json: bool,
}

impl CheckBundle {
    pub(super) fn run(self) -> Result<ExitCode> {
        let key: Verifier = self.key.trim().parse().context("read the key")?;
        let checked = bundle::check_aloud(&read(&self.bundle)?, &key, progress::listener().as_ref())
            .context("the bundle does not hold")?;
        let trust = match &self.timestamp_certificates {
            None => None,
            Some(path) => {
                let reading = || format!("read certificates {}", path.display());
                Some(Trust::read(&std::fs::read(path).with_context(reading)?).with_context(reading)?)
            }
        };
        let origin = checked.checkpoint.origin();
        let mut stamps = Vec::with_capacity(checked.stamped.len());
        for stamped in &checked.stamped {
            stamps.push(check_stamp(stamped, origin, trust.as_ref())?);
        }
        if self.json {
            let shown = serde_json::json!({
                "about": checked.about,
                "origin": origin,
                "size": checked.checkpoint.size(),
                "root": checked.checkpoint.root().to_base64(),
                "leaves": checked.leaves,
                "timestamps": stamps,
            });
            say!("{}", serde_json::to_string_pretty(&shown)?);
            return Ok(ExitCode::SUCCESS);
        }
        for stamp in &stamps {
            say!("{stamp}");
        }
        say!(
            "proven: {} leaves of the {} of {origin} tell of {} {}, root {}",
            checked.leaves.len(),
            checked.checkpoint.size(),
            checked.about.kind,
            checked.about.name.escape_debug(),
            checked.checkpoint.root()
        );
        Ok(ExitCode::SUCCESS)
    }
}

/// What is known of an attestation, in a line.
fn check_stamp(stamped: &StampedCheckpoint, origin: &str, trust: Option<&Trust>) -> Result<String> {
    let (size, provider) = (stamped.size, stamped.provider.escape_debug());
    let (Some(token), Some(trust)) = (stamped.token(), trust) else {
        return Ok(format!("not checked: what {provider} attested of the first {size} leaves"));
    };
    let stamp = verify_token(&stamped.text(origin)?, &token, trust)
        .with_context(|| format!("the time-stamp of the first {size} leaves does not hold"))?;
    Ok(format!("time-stamped: the first {size} leaves were there at {}, by {}", stamp.time, stamp.signer))
}

/// The file, or a little more than a bundle can have.
fn read(path: &std::path::Path) -> Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .with_context(|| format!("read {}", path.display()))?;
    Ok(bytes)
}
