//! `bytes delete-organization` and `bytes expire`: what the operator does to the `bytes` service, with nobody serving.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use strongroom_bytes::commands::organization::{Deleted, delete_organization, expire_jobs};
use strongroom_kernel::Kernel;
use strongroom_model::Caller;

use super::{Common, block_on};
use crate::{
    assemble::{self, Mode},
    config::Config,
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
    /// Delete all jobs that are older than `[bytes.retention]` says, as the serving process does once a day.
    Expire(Expire),
}

#[derive(Debug, Args)]
pub(crate) struct DeleteOrganization {
    #[command(flatten)]
    common: Common,
    /// Its code.
    organization: String,
}

#[derive(Debug, Args)]
pub(crate) struct Expire {
    #[command(flatten)]
    common: Common,
}

impl Bytes {
    pub(super) fn run(self) -> Result<ExitCode> {
        match self {
            Self::DeleteOrganization(DeleteOrganization { common, organization }) => {
                block_on(on_kernel(common, async |kernel, _| delete(kernel, &organization).await))
            }
            Self::Expire(Expire { common }) => block_on(on_kernel(common, expire)),
        }
    }
}

/// Does `work` on the data folder, which nobody else has meanwhile.
async fn on_kernel(
    common: Common,
    work: impl AsyncFnOnce(&Kernel, &Config) -> Result<()>,
) -> Result<ExitCode> {
    let config = common.load()?.config;
    let folder = DataFolder::open(&config.data.dir)?;
    let stores = assemble::stores(&config, &folder, Mode::Write).await?;
    let signer = keys::settle_signer(&config, &folder, &stores).await?;
    let kernel = assemble::kernel(&config, stores, signer).await?;
    let done = work(&kernel, &config).await;
    kernel.stop().await;
    done?;
    Ok(ExitCode::SUCCESS)
}

async fn delete(kernel: &Kernel, organization: &str) -> Result<()> {
    let listener = progress::listener();
    listener.begin("rows", 0);
    let heard = |step: Deleted| listener.advance(rows(step));
    let deleted = delete_organization(kernel, &Caller::system("operator"), organization, heard).await;
    tell(deleted.map_err(|error| anyhow!(error.diagnosis()))?, &format!(" of {organization}"));
    Ok(())
}

async fn expire(kernel: &Kernel, config: &Config) -> Result<()> {
    let retention = &config.bytes.retention;
    if retention.keeps_everything() {
        say!("everything is kept for ever: bytes.retention says nothing else");
        return Ok(());
    }
    let listener = progress::listener();
    listener.begin("rows", 0);
    let heard = |step: Deleted| listener.advance(rows(step));
    let expired = expire_jobs(kernel, &Caller::system("operator"), retention, heard).await;
    tell(expired.map_err(|error| anyhow!(error.diagnosis()))?, "");
    Ok(())
}

fn rows(step: Deleted) -> u64 {
    (step.normalizer_metas + step.raw_files + step.boefje_metas) as u64
}

fn tell(deleted: Deleted, whose: &str) {
    say!(
        "deleted {} scan jobs, {} raw files and {} parser jobs{whose}; contents that nobody else refers to go in a day",
        deleted.boefje_metas,
        deleted.raw_files,
        deleted.normalizer_metas
    );
}
