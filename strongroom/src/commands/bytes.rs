//! `bytes delete-organization`: what the operator does to the `bytes` service, with nobody serving.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use strongroom_bytes::commands::organization::delete_organization;
use strongroom_kernel::Kernel;
use strongroom_model::Caller;

use super::{Common, block_on};
use crate::{
    assemble::{self, Mode},
    folder::DataFolder,
    keys,
    output::say,
    progress,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Bytes {
    /// Delete all that an organisation has: jobs, raw files, counters. Recorded; contents go a day later. What the
    /// ledger's records say of it stays.
    DeleteOrganization(DeleteOrganization),
}

#[derive(Debug, Args)]
pub(crate) struct DeleteOrganization {
    #[command(flatten)]
    common: Common,
    /// Its code.
    organization: String,
}

impl Bytes {
    pub(super) fn run(self) -> Result<ExitCode> {
        let Self::DeleteOrganization(delete) = self;
        block_on(delete.delete())
    }
}

impl DeleteOrganization {
    async fn delete(self) -> Result<ExitCode> {
        let config = self.common.load()?.config;
        let folder = DataFolder::open(&config.data.dir)?;
        let stores = assemble::stores(&config, &folder, Mode::Write).await?;
        let signer = keys::settle_signer(&config, &folder, &stores).await?;
        let kernel = assemble::kernel(&config, stores, signer).await?;
        let done = delete(&kernel, &self.organization).await;
        kernel.stop().await;
        done?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn delete(kernel: &Kernel, organization: &str) -> Result<()> {
    let listener = progress::listener();
    listener.begin("rows", 0);
    let heard = |step: strongroom_bytes::commands::organization::Deleted| {
        listener.advance((step.normalizer_metas + step.raw_files + step.boefje_metas) as u64);
    };
    let deleted = delete_organization(kernel, &Caller::system("operator"), organization, heard).await;
    let deleted = deleted.map_err(|error| anyhow!(error.diagnosis()))?;
    say!(
        "deleted {} scan jobs, {} raw files and {} parser jobs of {organization}; contents that nobody else \
         refers to go in a day",
        deleted.boefje_metas,
        deleted.raw_files,
        deleted.normalizer_metas
    );
    Ok(())
}
