//! The commands: what the operator types, a file each.

mod backup;
mod bundle;
mod bytes;
mod check_bundle;
mod check_config;
mod check_proof;
mod check_receipt;
mod cosign;
mod custody;
mod doctor;
mod erase;
mod import;
mod keys;
mod migrate;
mod prove;
mod push;
mod rebuild;
mod restore;
mod serve;
mod token;
mod verify;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};

use crate::config::{Loaded, Sources};

/// Keeps files and proves what happened to them.
#[derive(Debug, Parser)]
#[command(name = "strongroom", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve everything on one data folder.
    Serve(serve::Serve),
    /// Cosign checkpoints of other ledgers that continue what was cosigned before (c2sp.org/tlog-witness).
    Witness(cosign::Witness),
    /// Keep full, verified copies of other ledgers, and cosign what is held (c2sp.org/tlog-mirror).
    Mirror(cosign::Mirror),
    /// Hold everything stored against the ledger, also beside a serving process: exit status 0 when clean,
    /// 1 when tampered with, 2 when that cannot be told.
    Verify(verify::Verify),
    /// The keys of the ledger.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Tokens for Strongroom's own roles.
    #[command(subcommand)]
    Token(token::Token),
    /// Write proof files that leaves are in the ledger.
    Prove(prove::Prove),
    /// Check a proof file, offline, with nothing but the ledger's public key.
    CheckProof(check_proof::CheckProof),
    /// Check the receipt of a shared ledger for a leaf, offline, with nothing but that ledger's public key.
    CheckReceipt(check_receipt::CheckReceipt),
    /// The life of an object, a subject or a caller: every leaf that tells of it.
    #[command(subcommand)]
    Custody(custody::Custody),
    /// Write the life of an object, a subject or a caller with everything that proves it to a zip file.
    Bundle(bundle::Bundle),
    /// Check such a file, offline, with nothing but the ledger's public key.
    CheckBundle(check_bundle::CheckBundle),
    /// Bring the ledger to a mirror that cannot ask for it.
    Push(push::Push),
    /// Make the services' tables and the index again from the records.
    Rebuild(rebuild::Rebuild),
    /// Forget a subject: its values go from rows, records, content and every file, and every proof still holds.
    Erase(erase::Erase),
    /// Bring the database's schema up to date.
    Migrate(migrate::Migrate),
    /// Say which configuration is in force.
    CheckConfig(check_config::CheckConfig),
    /// Look whether everything needed is there and answers.
    Doctor(doctor::Doctor),
    /// Copy everything in the data folder to another folder, also beside a serving process.
    Backup(backup::Backup),
    /// Make a data folder of a backup, and verify it.
    Restore(restore::Restore),
    /// What the operator does to the `bytes` service, with nobody serving.
    #[command(subcommand)]
    Bytes(bytes::Bytes),
    /// Take over what a replaced system has stored.
    #[command(subcommand)]
    Import(import::Import),
}

impl Cli {
    /// Exit status of a command that failed: `verify` then could not tell.
    pub(crate) fn failure_code(&self) -> ExitCode {
        if matches!(self.command, Command::Verify(_)) { ExitCode::from(2) } else { ExitCode::FAILURE }
    }

    /// Carries the command out.
    ///
    /// # Errors
    /// Whatever kept it from doing so.
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Serve(command) => command.run(),
            Command::Witness(command) => command.run(),
            Command::Mirror(command) => command.run(),
            Command::Verify(command) => command.run(),
            Command::Keys(command) => command.run(),
            Command::Token(command) => command.run(),
            Command::Prove(command) => command.run(),
            Command::CheckProof(command) => command.run(),
            Command::CheckReceipt(command) => command.run(),
            Command::Custody(command) => command.run(),
            Command::Bundle(command) => command.run(),
            Command::CheckBundle(command) => command.run(),
            Command::Push(command) => command.run(),
            Command::Rebuild(command) => command.run(),
            Command::Erase(command) => command.run(),
            Command::Migrate(command) => command.run(),
            Command::CheckConfig(command) => command.run(),
            Command::Doctor(command) => command.run(),
            Command::Backup(command) => command.run(),
            Command::Restore(command) => command.run(),
            Command::Bytes(command) => command.run(),
            Command::Import(command) => command.run(),
        }
    }
}

/// What every command takes that has to do with a data folder.
#[derive(Debug, Clone, Args)]
struct Common {
    /// Configuration file (TOML); `docs/reference/configuration.md` has all keys.
    #[arg(long, value_name = "FILE", env = "STRONGROOM_CONFIG")]
    config: Option<PathBuf>,
    /// Data folder; wins over `data.dir`.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Common {
    fn load(&self) -> Result<Loaded> {
        let variables = std::env::vars_os()
            .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
            .collect();
        let sources = Sources { file: self.config.clone(), data: self.data.clone(), variables };
        Ok(sources.load()?)
    }
}

/// Does async work from a command.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("start the runtime")?.block_on(work)
}
