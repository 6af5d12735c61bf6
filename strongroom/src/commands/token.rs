//! `token issue`: tokens for Strongroom's own roles, such as the auditor who may read records.

use std::{process::ExitCode, time::Duration};

use anyhow::{Result, bail};
use clap::{Subcommand, ValueEnum};
use strongroom_identity::{Claims, Role, TokenKey};

use super::Common;
use crate::{assemble, config::parse_duration, folder::DataFolder, output::say};

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Print a new token.
    Issue {
        #[command(flatten)]
        common: Common,
        /// What its holder may do.
        #[arg(long)]
        role: RoleName,
        /// Who holds it: the name in the ledger's records of what he read.
        #[arg(long, default_value = "auditor")]
        name: String,
        /// How long it holds.
        #[arg(long = "for", value_name = "TIME", default_value = "30d", value_parser = parse_duration)]
        lifetime: Duration,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleName {
    /// Reads records with what opens them, across all domains.
    Auditor,
    /// Has subjects erased, and nothing else.
    Eraser,
    /// Hands leaves of another ledger over to this one, and nothing else.
    Forwarder,
}

impl Token {
    pub(super) fn run(self) -> Result<ExitCode> {
        let Self::Issue { common, role, name, lifetime } = self;
        if name.is_empty() || name.len() > 255 || name.chars().any(char::is_control) {
            bail!("a name has 1 to 255 bytes and no control characters");
        }
        let config = common.load()?.config;
        let folder = DataFolder::open_read_only(&config.data.dir)?;
        let key = TokenKey::load_or_create(&folder.token_key(), assemble::rng().as_ref())?;
        let end = assemble::clock().now().saturating_add(lifetime);
        let role = match role {
            RoleName::Auditor => Role::Auditor,
            RoleName::Eraser => Role::Eraser,
            RoleName::Forwarder => Role::Forwarder,
        };
        let claims = Claims { name, role, expires: end.micros().div_euclid(1_000_000) };
        say!("{}", claims.sign(&key));
        Ok(ExitCode::SUCCESS)
    }
}
