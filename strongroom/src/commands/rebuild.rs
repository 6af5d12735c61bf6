//! `rebuild`: the services' tables made again from the records.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Args;

use super::{Common, block_on};
use crate::{
    assemble::{self, Mode},
    folder::DataFolder,
    output::say,
    progress,
};

#[derive(Debug, Args)]
pub(crate) struct Rebuild {
    #[command(flatten)]
    common: Common,
}

impl Rebuild {
    pub(super) fn run(self) -> Result<ExitCode> {
        let config = self.common.load()?.config;
        let folder = DataFolder::open(&config.data.dir)?;
        let records = block_on(async {
            let database = assemble::database(&config, &folder, Mode::Write).await?;
            let listener = progress::listener();
            let rebuilt =
                strongroom_kernel::rebuild(database.as_ref(), &assemble::schemas(), listener.as_ref()).await;
            rebuilt.map_err(|error| anyhow!(error.diagnosis()))
        })?;
        say!("made the tables again from {records} records");
        Ok(ExitCode::SUCCESS)
    }
}
