//! `backup`: a copy of the data folder, also beside a serving process.
//!
//! Order matters: first the checkpoint, then the database, then content. So the checkpoint covers no leaf that
//! the copied database lacks, and the copied database refers to no content that was written after the copy.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use strongroom_durable::{self as durable, Access};
use strongroom_kernel::ports::PortErrorKind;

use super::{Common, block_on};
use crate::{
    assemble::{self, Mode, Stores},
    backups,
    config::Config,
    copy::Listing,
    folder::DataFolder,
    keys::verifier_of,
    output::say,
    progress,
};

#[derive(Debug, Args)]
pub(crate) struct Backup {
    #[command(flatten)]
    common: Common,
    /// Folder the copy is written to; must be empty or absent.
    target: PathBuf,
    /// Copy keys and credentials too: whoever has the backup can then sign in the ledger's name.
    #[arg(long)]
    with_keys: bool,
}

impl Backup {
    pub(super) fn run(self) -> Result<ExitCode> {
        let config = self.common.load()?.config;
        block_on(self.copy(&config))
    }

    async fn copy(&self, config: &Config) -> Result<ExitCode> {
        let from = DataFolder::open_read_only(&config.data.dir)?;
        let verifier = verifier_of(config, &from)?;
        refuse_filled(&self.target)?;
        let to = DataFolder::open(&self.target)?;
        let stores = assemble::stores(config, &from, Mode::Read).await?;
        write(&to.verifier_key(), format!("{verifier}\n").as_bytes())?;
        copy_checkpoint(&stores, &to).await?;
        copy_database(&stores, &to).await?;
        let listener = progress::listener();
        let mut listing = Listing::default();
        listing.add(from.path(), Path::new("packs"))?;
        listing.add(from.path(), Path::new("objects"))?;
        if self.with_keys {
            for key in from.secrets()? {
                listing.add_file(from.path(), &key)?;
            }
        }
        listing.copy(from.path(), to.path(), listener.as_ref())?;
        durable::sync_folder(to.path()).context("sync the backup")?;
        if let Err(error) = backups::note(from.path(), to.path(), assemble::clock().now()) {
            say!("not noted in the data folder, so that `erase` will not name this backup: {error}");
        }
        if config.content.url.is_some() {
            say!("large content stays where it is: copy it by the means of that place");
        }
        if !self.with_keys {
            say!("keys are not in this backup: keep {} elsewhere", from.keys().display());
        }
        say!("backed up to {}", to.path().display());
        Ok(ExitCode::SUCCESS)
    }
}

/// The target of a copy must not have anything yet.
pub(super) fn refuse_filled(folder: &Path) -> Result<()> {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => bail!("{} is not empty", folder.display()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("list {}", folder.display())),
    }
}

async fn copy_checkpoint(stores: &Stores, to: &DataFolder) -> Result<()> {
    let Some(checkpoint) = stores.tiles.read("checkpoint").await? else { return Ok(()) };
    durable::create_folder(&to.tiles()).context("make folder of tiles")?;
    write(&to.tiles().join("checkpoint"), &checkpoint)
}

async fn copy_database(stores: &Stores, to: &DataFolder) -> Result<()> {
    match stores.database.backup(to.path()).await {
        Err(error) if error.kind == PortErrorKind::Refused => {
            say!("rows, records and events stay where they are: {error}");
            Ok(())
        }
        done => done.context("copy the database"),
    }
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    durable::write(path, content, Access::Public).with_context(|| format!("write {}", path.display()))
}
