//! `doctor`: whether everything needed is there and answers.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use rustix::process::{Resource, getrlimit};

use super::{Common, block_on};
use crate::{
    assemble::{self, Mode, Stores},
    config::{Config, Loaded},
    folder::DataFolder,
    keys,
    output::say,
};

/// Fewer open files than this do not suffice for the connections a listener takes by default.
const MIN_OPEN_FILES: u64 = 16_384;

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    common: Common,
}

/// Says how each look went; remembers whether one failed.
#[derive(Debug, Default)]
struct Looks {
    failed: bool,
}

impl Looks {
    fn tell(&mut self, what: &str, found: Result<String>) {
        match found {
            Ok(found) => say!("ok   {what}: {found}"),
            Err(error) => {
                self.failed = true;
                say!("FAIL {what}: {error:#}");
            }
        }
    }
}

impl Doctor {
    pub(super) fn run(self) -> Result<ExitCode> {
        let Loaded { config, warnings, .. } = self.common.load()?;
        for warning in warnings {
            say!("note {warning}");
        }
        let mut looks = Looks::default();
        looks.tell("open files", open_files());
        looks.tell("free space", free_space(&config));
        match DataFolder::open_read_only(&config.data.dir) {
            Ok(folder) => block_on(async {
                look_inside(&mut looks, &config, &folder).await;
                Ok(())
            })?,
            Err(error) => looks.tell("data folder", Err(error.context("it is made at the first start"))),
        }
        block_on(async {
            for (what, answer) in assemble::ask_receivers(&config).await {
                looks.tell(what, answer.map(|()| "answers".to_owned()));
            }
            for (what, answer) in assemble::ask_authorities(&config).await {
                looks.tell(&what, answer.map(|()| "stamps".to_owned()));
            }
            Ok(())
        })?;
        Ok(if looks.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

async fn look_inside(looks: &mut Looks, config: &Config, folder: &DataFolder) {
    looks.tell("data folder", Ok(folder.path().display().to_string()));
    looks.tell("signing key", signing_key(config, folder));
    match assemble::stores(config, folder, Mode::Read).await {
        Ok(stores) => {
            looks.tell("database", Ok(stores.database.describe()));
            looks.tell("ledger", ledger(&stores).await);
            match witnesses(config, folder, &stores).await {
                Ok(answers) => answers.into_iter().for_each(|(what, answer)| looks.tell(&what, answer)),
                Err(error) => looks.tell("witnesses", Err(error)),
            }
            if let Some(answer) = assemble::ask_shared(config).await {
                looks.tell("shared ledger", answer);
            }
            let listed = stores.store.list(None, 1).await;
            looks.tell("content store", listed.map(|_| "answers".to_owned()).map_err(Into::into));
        }
        Err(error) => looks.tell("stores", Err(error)),
    }
}

fn open_files() -> Result<String> {
    match getrlimit(Resource::Nofile).maximum {
        Some(files) if files < MIN_OPEN_FILES => {
            bail!("at most {files}, which does not suffice for 10,000 connections (ulimit -Hn)")
        }
        Some(files) => Ok(format!("up to {files}")),
        None => Ok("without limit".to_owned()),
    }
}

fn free_space(config: &Config) -> Result<String> {
    let place = config.data.dir.ancestors().find(|place| place.is_dir());
    let place = place.unwrap_or(std::path::Path::new("."));
    let facts =
        rustix::fs::statvfs(place).with_context(|| format!("ask the file system of {}", place.display()))?;
    let free = facts.f_bavail.saturating_mul(facts.f_frsize);
    if free <= config.data.reserve {
        bail!("{} MiB are free, {} MiB are reserved", free >> 20, config.data.reserve >> 20);
    }
    Ok(format!("{} MiB, of which {} MiB are reserved", free >> 20, config.data.reserve >> 20))
}

fn signing_key(config: &Config, folder: &DataFolder) -> Result<String> {
    let signer = keys::find_signer(config, folder)?.context("there is none")?;
    Ok(signer.verifier().to_string())
}

async fn witnesses(
    config: &Config,
    folder: &DataFolder,
    stores: &Stores,
) -> Result<Vec<(String, Result<String>)>> {
    if config.ledger.witnesses.file.is_none() {
        return Ok(Vec::new());
    }
    assemble::ask_witnesses(config, &keys::verifier_of(config, folder)?, stores).await
}

async fn ledger(stores: &Stores) -> Result<String> {
    let head = stores.database.head().await?;
    let copy = match &stores.checkpoint_copy {
        None => "no copy of the checkpoint is kept elsewhere",
        Some(copy) => match copy.read("checkpoint").await? {
            Some(_) => "a copy of the checkpoint is kept elsewhere",
            None => "no copy of the checkpoint was written elsewhere yet",
        },
    };
    Ok(format!("{} leaves, the last at {}; {copy}", head.size, head.time))
}
