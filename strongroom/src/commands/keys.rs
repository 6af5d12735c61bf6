//! `keys show`: the verifier key, as `GET /custody/key` gives it.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::Common;
use crate::{folder::DataFolder, keys::verifier_of, output::say};

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Print the verifier key, with which anybody can check checkpoints and proofs.
    Show {
        #[command(flatten)]
        common: Common,
    },
}

impl Keys {
    pub(super) fn run(self) -> Result<ExitCode> {
        let Self::Show { common } = self;
        let config = common.load()?.config;
        let folder = DataFolder::open_read_only(&config.data.dir)?;
        say!("{}", verifier_of(&config, &folder)?);
        Ok(ExitCode::SUCCESS)
    }
}
