//! `prove`: proof files for leaves, found by index or by the digest of a content.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use clap::{ArgGroup, Args};
use strongroom_custody::RecordFile;
use strongroom_durable::{self as durable, Access};
use strongroom_kernel::{
    ports::{Database, StoredRecord},
    record,
};
use strongroom_model::Digest;

use super::{Common, block_on};
use crate::{
    assemble::{self, Mode, Stores},
    config::Config,
    folder::DataFolder,
    keys::verifier_of,
    offline,
    output::say,
    progress,
};

/// Records of one page.
const PAGE: usize = 2_048;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["index", "digest"]))]
pub(crate) struct Prove {
    #[command(flatten)]
    common: Common,
    /// Index of the leaf, as the receipt of the write says.
    index: Option<u64>,
    /// SHA-256 of a content: proves every leaf whose record names it.
    #[arg(long, value_name = "SHA256")]
    digest: Option<Digest>,
    /// Folder the files are written to, as `<index>.tlog-proof`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    /// Write the records too, as `<index>.record.json`: whoever has one can read what the leaf stands for.
    #[arg(long)]
    with_records: bool,
}

impl Prove {
    pub(super) fn run(self) -> Result<ExitCode> {
        let config = self.common.load()?.config;
        block_on(self.prove(&config))
    }

    async fn prove(&self, config: &Config) -> Result<ExitCode> {
        let folder = DataFolder::open_read_only(&config.data.dir)?;
        let verifier = verifier_of(config, &folder)?;
        let stores = assemble::stores(config, &folder, Mode::Read).await?;
        let records = self.find(&stores).await?;
        let indexes: Vec<u64> = records.iter().map(|record| record.index).collect();
        let proofs = offline::prove(&stores, &verifier, &indexes).await?;
        durable::create_folder(&self.output)
            .with_context(|| format!("make folder {}", self.output.display()))?;
        for (proof, record) in proofs.iter().zip(records) {
            let index = record.index;
            write(&self.output.join(format!("{index}.tlog-proof")), proof.to_string().as_bytes())?;
            if self.with_records {
                let file = serde_json::to_vec_pretty(&RecordFile::of(&record)?)?;
                write(&self.output.join(format!("{index}.record.json")), &file)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn find(&self, stores: &Stores) -> Result<Vec<StoredRecord>> {
        let database = stores.database.as_ref();
        let found = match (self.index, self.digest) {
            (Some(index), _) => database.records(index, 1).await?,
            (None, Some(digest)) => naming(database, &digest.to_string()).await?,
            (None, None) => Vec::new(),
        };
        if found.is_empty() {
            bail!("the ledger has no such record");
        }
        Ok(found)
    }
}

/// All records that name `digest` anywhere, its personal fields included.
async fn naming(database: &dyn Database, digest: &str) -> Result<Vec<StoredRecord>> {
    let tables: Vec<_> =
        assemble::schemas().iter().flat_map(|schema| schema.tables.iter().copied()).collect();
    let table = |name: &str| tables.iter().copied().find(|table| table.name == name);
    let size = database.head().await?.size;
    let listener = progress::listener();
    listener.begin("records", size);
    let mut found = Vec::new();
    let mut next = 0;
    while next < size {
        let page = database.records(next, PAGE).await?;
        if page.is_empty() {
            bail!("record {next} is missing");
        }
        next += page.len() as u64;
        listener.advance(page.len() as u64);
        for stored in page {
            if names(&record::open(&stored, &table)?.plain, digest) {
                found.push(stored);
            }
        }
    }
    Ok(found)
}

fn names(plain: &serde_json::Value, digest: &str) -> bool {
    match plain {
        serde_json::Value::String(text) => text == digest,
        serde_json::Value::Array(items) => items.iter().any(|item| names(item, digest)),
        serde_json::Value::Object(members) => members.values().any(|member| names(member, digest)),
        _ => false,
    }
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    durable::write(path, content, Access::Public).with_context(|| format!("write {}", path.display()))?;
    say!("{}", path.display());
    Ok(())
}
