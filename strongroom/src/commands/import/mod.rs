//! `import bytes`: an existing database and the files of OpenKAT's Bytes, taken over into a data folder.
//!
//! The original is only read, and must not be written meanwhile. Rows keep their ids and their order; what is
//! there already is left alone, so an import that was broken off is begun again with the same words. At the end
//! both sides are compared, row by row and content by content.
//!
//! `import tracer` is in [`tracer`]. [`source`] reads the original's rows, [`files`] its contents, [`mod@write`] puts them into units, [`compare`]
//! looks whether all of it arrived.

mod compare;
mod files;
mod source;
mod tracer;
mod write;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use clap::{ArgGroup, Args, Subcommand};
use strongroom_kernel::{Kernel, verify::Scope};

use super::{Common, block_on, verify};
use crate::{
    assemble::{self, Mode},
    config::Config,
    folder::DataFolder,
    keys,
    output::say,
    progress,
};

use files::Files;
use source::Source;

#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Take over a database of OpenKAT's Bytes, and the raw files that belong to it.
    Bytes(ImportBytes),
    /// Take over the traces that CHAIMELEON's Tracer wrote to a chain.
    Tracer(tracer::ImportTracer),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("where").required(true).args(["files", "s3_bucket", "s3_bucket_prefix"]))]
pub(crate) struct ImportBytes {
    #[command(flatten)]
    common: Common,
    /// The original's database, `postgresql://user:password@host/database`.
    #[arg(long, value_name = "URL", env = "STRONGROOM_IMPORT_FROM", hide_env_values = true)]
    from: String,
    /// The original's data folder (its `BYTES_DATA_DIR`).
    #[arg(long, value_name = "DIR")]
    files: Option<PathBuf>,
    /// The original's one bucket (its `S3_BUCKET` with `BUCKET_PER_ORG=false`); server and keys as `AWS_…` variables.
    #[arg(long, value_name = "BUCKET")]
    s3_bucket: Option<String>,
    /// What the original's buckets begin with, one per organisation (its `S3_BUCKET_PREFIX`).
    #[arg(long, value_name = "PREFIX")]
    s3_bucket_prefix: Option<String>,
    /// The files are encrypted (the original's `NACL_SEALBOX`) with `content.private_key` and `content.public_key`.
    #[arg(long)]
    sealed: bool,
}

/// What went wrong with single rows or files, one line each.
#[derive(Debug, Default)]
struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, text: String) {
        self.0.push(text);
    }
}

impl Import {
    pub(super) fn run(self) -> Result<ExitCode> {
        let common = match &self {
            Self::Bytes(import) => &import.common,
            Self::Tracer(import) => &import.common,
        };
        let mut config = common.load()?.config;
        // imported files were announced by the original, long ago
        config.announcements.amqp_url = None;
        match self {
            Self::Bytes(import) => block_on(import.import(&config)),
            Self::Tracer(import) => block_on(import.import(&config)),
        }
    }
}

impl ImportBytes {
    async fn import(&self, config: &Config) -> Result<ExitCode> {
        let key = if self.sealed {
            let Some(key) = assemble::sealing_key(config)? else {
                bail!("--sealed needs content.private_key and content.public_key");
            };
            Some(key)
        } else {
            None
        };
        let source = Source::open(&self.from).await?;
        let files = match (&self.files, &self.s3_bucket, &self.s3_bucket_prefix) {
            (Some(folder), ..) => Files::folder(folder, key)?,
            (None, Some(bucket), _) => Files::one_bucket(bucket, key),
            (None, None, prefix) => Files::bucket_each(prefix.as_deref().unwrap_or_default(), key),
        };
        let folder = DataFolder::open(&config.data.dir)?;
        let kernel = start(config, &folder).await?;
        let mut findings = Findings::default();
        let done = take_over(&source, &files, &kernel, &mut findings).await;
        kernel.stop().await;
        done?;
        for finding in &findings.0 {
            say!("{finding}");
        }
        let report = verify::verify(config, &folder, None, None, Scope::Everything).await?;
        let code = verify::tell(&report);
        Ok(if findings.0.is_empty() { code } else { ExitCode::FAILURE })
    }
}

async fn start(config: &Config, folder: &DataFolder) -> Result<Kernel> {
    let stores = assemble::stores(config, folder, Mode::Write).await?;
    let signer = keys::settle_signer(config, folder, &stores).await?;
    assemble::kernel(config, stores, signer).await
}

async fn take_over(source: &Source, files: &Files, kernel: &Kernel, findings: &mut Findings) -> Result<()> {
    let listener = progress::listener();
    write::jobs(source, kernel, listener.as_ref()).await?;
    write::raw_files(source, files, kernel, findings, listener.as_ref()).await?;
    write::parser_jobs(source, kernel, findings, listener.as_ref()).await?;
    compare::all(source, files, kernel, findings, listener.as_ref()).await
}
