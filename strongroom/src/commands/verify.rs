//! `verify`: everything stored held against the ledger, and the ledger against checkpoints kept elsewhere.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::Args;
use strongroom_kernel::{
    ports::{PortError, PortErrorKind},
    verify::{Report, Scope, Verdict, Verification},
};
use strongroom_ledger::Verifier;

use super::{Common, block_on};
use crate::{
    assemble::{self, Mode},
    config::Config,
    folder::DataFolder,
    keys::verifier_of,
    output::say,
    progress,
};

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    common: Common,
    /// A signed checkpoint kept elsewhere: the ledger must still be its continuation.
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// Verify leaves, tiles and checkpoints, but not rows, events and content.
    #[arg(long)]
    ledger_only: bool,
    /// The verifier key, if the data folder's own is not to be believed.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

impl Verify {
    pub(super) fn run(self) -> Result<ExitCode> {
        let config = self.common.load()?.config;
        let folder = DataFolder::open_read_only(&config.data.dir)?;
        let key =
            self.key.as_deref().map(|key| key.trim().parse().context("read the key given")).transpose()?;
        let since = self
            .since
            .as_ref()
            .map(|path| std::fs::read(path).with_context(|| format!("read checkpoint {}", path.display())));
        let scope = if self.ledger_only { Scope::Ledger } else { Scope::Everything };
        match block_on(verify(&config, &folder, key, since.transpose()?, scope)) {
            Ok(report) => Ok(tell(&report)),
            Err(error) if is_corrupt(&error) => {
                say!("tampered: {error:#}");
                Ok(ExitCode::from(1))
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether what is stored kept it from being opened at all.
fn is_corrupt(error: &anyhow::Error) -> bool {
    let errors = error.chain().filter_map(|error| error.downcast_ref::<PortError>());
    errors.into_iter().any(|error| error.kind == PortErrorKind::Corrupt)
}

/// Verifies what lies in `folder`; `restore` does the same with what it made.
pub(super) async fn verify(
    config: &Config,
    folder: &DataFolder,
    key: Option<Verifier>,
    since: Option<Vec<u8>>,
    scope: Scope,
) -> Result<Report> {
    let verifier = match key {
        Some(key) => key,
        None => verifier_of(config, folder)?,
    };
    let stores = assemble::stores(config, folder, Mode::Read).await?;
    let verification = Verification {
        database: stores.database,
        packs: stores.packs,
        store: stores.store,
        objects: stores.objects,
        sealer: stores.sealer,
        tiles: stores.tiles,
        checkpoint_copy: stores.checkpoint_copy,
        since,
        verifier,
        schemas: assemble::schemas(),
        anchors: assemble::anchors(config)?,
        audits: assemble::audits(config)?,
        scope,
    };
    let listener = progress::listener();
    Ok(verification.run(listener.as_ref()).await)
}

/// Prints the findings, one per line, and what it comes to.
pub(super) fn tell(report: &Report) -> ExitCode {
    for finding in &report.findings {
        say!("{finding}");
    }
    if report.more > 0 {
        say!("and {} more findings", report.more);
    }
    let (word, code) = match report.verdict() {
        Verdict::Clean => ("clean", ExitCode::SUCCESS),
        Verdict::Tampered => ("tampered", ExitCode::from(1)),
        Verdict::Unknown => ("unknown", ExitCode::from(2)),
    };
    say!(
        "{word}: {} leaves, {} rows, {} contents, root {}",
        report.leaves,
        report.rows,
        report.contents,
        report.root
    );
    code
}
