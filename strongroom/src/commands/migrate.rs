//! `migrate`: the database's schema brought up to date, as `serve` does at its start.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::{Common, block_on};
use crate::{assemble, folder::DataFolder, output::say};

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    common: Common,
}

impl Migrate {
    pub(super) fn run(self) -> Result<ExitCode> {
        let config = self.common.load()?.config;
        let folder = DataFolder::open(&config.data.dir)?;
        let applied = block_on(assemble::migrate(&config, &folder))?;
        for step in &applied {
            say!("applied {step}");
        }
        if applied.is_empty() {
            say!("the schema is up to date");
        }
        Ok(ExitCode::SUCCESS)
    }
}
