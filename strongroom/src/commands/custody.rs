//! `custody`: the life of an object, a subject or a caller, read beside whoever serves.

use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, Subcommand};
use serde_json::json;
use strongroom_custody::life::{About, Filter, PageRequest, Seen, page, range_of};
use strongroom_kernel::{index::TermKind, ports::Database};
use strongroom_model::Timestamp;

use super::{Common, block_on};
use crate::{
    assemble::{self, Mode},
    folder::DataFolder,
    offline,
    output::say,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Custody {
    /// What happened to a content, by its SHA-256.
    Object(Life),
    /// What happened to something with an id.
    Subject(Life),
    /// What a caller did.
    Caller(Life),
}

#[derive(Debug, Args)]
pub(crate) struct Life {
    #[command(flatten)]
    common: Common,
    /// Digest, id or name.
    name: String,
    #[command(flatten)]
    which: Which,
    /// How many leaves, from 1 to 500.
    #[arg(long, default_value = "100")]
    limit: u64,
    /// Go on from this leaf: the `next` of an earlier answer.
    #[arg(long, value_name = "LEAF")]
    cursor: Option<u64>,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

/// Which leaves of a life.
#[derive(Debug, Clone, Args)]
pub(super) struct Which {
    /// This action only.
    #[arg(long)]
    action: Option<String>,
    /// This service only.
    #[arg(long)]
    service: Option<String>,
    /// From this time of the log on (RFC 3339, UTC).
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Before this time of the log.
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// As the ledger was with this many leaves.
    #[arg(long, value_name = "LEAVES")]
    as_of: Option<u64>,
}

impl Which {
    pub(super) fn filter(&self) -> Filter {
        let Self { action, service, from, to, as_of } = self.clone();
        Filter { action, service, from, to, as_of, ..Filter::default() }
    }

    /// How many leaves of a ledger of `size` are looked at.
    pub(super) fn size(&self, size: u64) -> Result<u64> {
        match self.as_of {
            Some(asked) if asked > size => Err(anyhow!("the ledger has {size} leaves, not {asked}")),
            asked => Ok(asked.unwrap_or(size)),
        }
    }
}

impl Custody {
    pub(super) fn run(self) -> Result<ExitCode> {
        let (kind, life) = match self {
            Self::Object(life) => (TermKind::Object, life),
            Self::Subject(life) => (TermKind::Subject, life),
            Self::Caller(life) => (TermKind::Caller, life),
        };
        let about = About::new(kind, &life.name).map_err(|what| anyhow!(what))?;
        block_on(life.show(about))
    }
}

impl Life {
    async fn show(&self, about: About) -> Result<ExitCode> {
        let config = self.common.load()?.config;
        let folder = DataFolder::open_read_only(&config.data.dir)?;
        let database = assemble::database(&config, &folder, Mode::Read).await?;
        let database: &dyn Database = database.as_ref();
        let limit = usize::try_from(self.limit).ok().filter(|limit| (1..=500).contains(limit));
        let limit = limit.context("--limit is 1 to 500")?;
        let filter = Filter { cursor: self.cursor, limit: Some(limit), ..self.which.filter() };
        let size = self.which.size(database.head().await?.size)?;
        let range = range_of(database, &filter, size).await?;
        let request = PageRequest { about: &about, filter: &filter, range };
        let found = page(database, request, offline::looking_up(database, &about)).await?;
        let leaves: Vec<&Seen> = found.leaves.iter().map(|(seen, _)| seen).collect();
        if self.json {
            let shown = json!({"about": about, "asOf": size, "leaves": leaves, "next": found.next});
            say!("{}", serde_json::to_string_pretty(&shown)?);
            return Ok(ExitCode::SUCCESS);
        }
        for seen in leaves {
            say!("{}", line(seen));
        }
        if let Some(next) = found.next {
            say!("there may be more: --cursor {next}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// `12  2025-03-04T10:20:42.017305Z  bytes save_raw  account kat  done  raw_file 7`
fn line(seen: &Seen) -> String {
    let name = seen.caller.name.as_deref().unwrap_or("(erased)");
    let subjects: Vec<String> =
        seen.subjects.iter().map(|subject| format!("{} {}", subject.noun, subject.id)).collect();
    let text = format!(
        "{}  {}  {} {}  {} {name}  {}  {}",
        seen.index,
        seen.time,
        seen.service,
        seen.action,
        seen.caller.kind,
        seen.outcome,
        subjects.join(", ")
    );
    // names come from outside: a terminal must not obey them
    text.trim_end()
        .chars()
        .map(|character| if character.is_control() { '\u{fffd}' } else { character })
        .collect()
}
