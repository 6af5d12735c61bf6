//! `restore`: a data folder made of a backup, and verified.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::Args;
use strongroom_content::durable;
use strongroom_kernel::verify::Scope;

use super::{Common, backup::refuse_filled, block_on, verify};
use crate::{copy::Listing, folder::DataFolder, keys::find_signer, output::say, progress};

#[derive(Debug, Args)]
pub(crate) struct Restore {
    #[command(flatten)]
    common: Common,
    /// The backup.
    source: PathBuf,
}

impl Restore {
    pub(super) fn run(self) -> Result<ExitCode> {
        let config = self.common.load()?.config;
        let from = DataFolder::open_read_only(&self.source)?;
        refuse_filled(&config.data.dir)?;
        let to = DataFolder::open(&config.data.dir)?;
        let mut listing = Listing::default();
        listing.add_file(from.path(), &from.database())?;
        for folder in ["keys", "ledger", "packs", "objects"] {
            listing.add(from.path(), Path::new(folder))?;
        }
        listing.copy(from.path(), to.path(), progress::listener().as_ref())?;
        durable::sync_folder(to.path()).context("sync the data folder")?;
        say!("restored to {}", to.path().display());
        if find_signer(&config, &to)?.is_none() {
            say!("the backup has no keys: put them into {} before serving", to.keys().display());
        }
        let report = block_on(verify::verify(&config, &to, None, None, Scope::Everything))?;
        Ok(verify::tell(&report))
    }
}
