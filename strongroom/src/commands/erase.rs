//! `erase`: a subject is forgotten, in rows, records, content and every byte of the files.
//!
//! Works on a data folder that nobody serves; a serving process is asked by `POST /custody/erasures`. With `--list`
//! it only says what would go, also beside a serving process.

use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use strongroom_kernel::{ErasureReport, ErasureRequest, ErasureSubject, Kernel, list_erasure};
use strongroom_model::{Caller, Error};

use super::{Common, block_on};
use crate::{
    assemble::{self, Mode},
    backups,
    config::Config,
    folder::DataFolder,
    keys,
    output::say,
    progress,
};

#[derive(Debug, Args)]
pub(crate) struct Erase {
    #[command(flatten)]
    common: Common,
    /// Who or what: a personal value as it is (a name, an account, what was scanned), `sha256:HEX` for a content,
    /// `row:TABLE/KEY` for one row; `value:TEXT` where a value looks like one of these.
    subject: String,
    /// Remove rows that hold the value as a whole, with what belongs to them, also where the value alone could go.
    #[arg(long)]
    rows: bool,
    /// Only say what would be destroyed.
    #[arg(long)]
    list: bool,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

impl Erase {
    pub(super) fn run(self) -> Result<ExitCode> {
        let mut config = self.common.load()?.config;
        // what waits to be announced waits for the next start
        config.announcements.amqp_url = None;
        let subject: ErasureSubject = self.subject.parse().map_err(|error| told(&error))?;
        let report = block_on(async {
            if self.list { self.list(&config, &subject).await } else { self.erase(&config, subject).await }
        })?;
        self.tell(&report, &backups::known(&config.data.dir));
        Ok(ExitCode::SUCCESS)
    }

    async fn list(&self, config: &Config, subject: &ErasureSubject) -> Result<ErasureReport> {
        let folder = DataFolder::open_read_only(&config.data.dir)?;
        let database = assemble::database(config, &folder, Mode::Read).await?;
        let (schemas, belongs) = (assemble::schemas(), assemble::BELONGS);
        let listener = progress::listener();
        list_erasure(database.as_ref(), &schemas, belongs, subject, self.rows, listener.as_ref())
            .await
            .map_err(|error| told(&error))
    }

    async fn erase(&self, config: &Config, subject: ErasureSubject) -> Result<ErasureReport> {
        let folder = DataFolder::open(&config.data.dir)
            .context("a serving process is asked by POST /custody/erasures")?;
        let stores = assemble::stores(config, &folder, Mode::Write).await?;
        let signer = keys::settle_signer(config, &folder, &stores).await?;
        let kernel = assemble::kernel(config, stores, signer).await?;
        let request = ErasureRequest { subject, rows: self.rows, caller: Caller::system("erase") };
        let done = carry_out(&kernel, &request).await;
        kernel.stop().await;
        done.map_err(|error| told(&error))
    }

    fn tell(&self, report: &ErasureReport, backups: &[String]) {
        if self.json {
            say!("{}", strongroom_custody::erasure_answer(report, backups));
            return;
        }
        let (removed, changed) =
            if self.list { ("would remove", "would change") } else { ("removed", "changed") };
        for (table, rows) in &report.removed {
            say!("{removed} {rows} rows of {table}");
        }
        for (table, rows) in &report.changed {
            say!("{changed} {rows} rows of {table}");
        }
        for row in &report.rows {
            say!("row {row}");
        }
        let word = if self.list { "would destroy" } else { "destroyed" };
        say!(
            "{word} {} values in {} records, {} contents, {} events",
            report.values,
            report.records,
            report.contents,
            report.events
        );
        if report.kept_contents > 0 {
            say!("kept {} contents that other rows refer to", report.kept_contents);
        }
        if !report.stays.is_empty() {
            let indexes: Vec<String> = report.stays.iter().map(u64::to_string).collect();
            say!("stays in ids, keys or domains of the records {}", indexes.join(" "));
        }
        for caveat in &report.caveats {
            say!("not reached: {caveat}");
        }
        for backup in backups {
            say!("backup {backup}");
        }
        if let Some(id) = &report.id {
            say!("erasure {id}");
        }
    }
}

/// What uploads left behind goes too: it may be the subject's.
async fn carry_out(kernel: &Kernel, request: &ErasureRequest) -> Result<ErasureReport, Error> {
    kernel.sweep_orphans().await?;
    kernel.erase(request, assemble::BELONGS, progress::listener().as_ref()).await
}

fn told(error: &Error) -> anyhow::Error {
    anyhow!(error.diagnosis())
}
