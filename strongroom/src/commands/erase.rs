//! `erase`: a subject is forgotten, in rows, records, content and every byte of the files.
//!
//! Works on a data folder that nobody serves; a serving process is asked by `POST /custody/erasures`. With `--list`
//! it only says what would go, also beside a serving process.

use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use strongroom_kernel::{ErasureReport, ErasureRequest, ErasureSubject, Kernel, list_erasure};
use strongroom_model::{Caller, Error, ErrorKind};

use super::{Common, block_on};
use crate::{
    assemble::{self, Mode},
    backups,
    config::Config,
    folder::DataFolder,
    keys,
    output::{self, say},
    progress,
};

/// What comes of an erasure; errors on the way to it are the program's.
type Report = Result<ErasureReport, Error>;

/// Exit status when nothing speaks of the subject.
const UNKNOWN: u8 = 3;
/// Ranges of indexes that are printed.
const MOST_RANGES: usize = 20;

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
        let found = block_on(async {
            if self.list { self.list(&config, &subject).await } else { self.erase(&config, subject).await }
        })?;
        match found {
            Ok(report) => {
                self.tell(&report, &backups::known(&config.data.dir));
                Ok(ExitCode::SUCCESS)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                output::fail(&told(&error));
                Ok(ExitCode::from(UNKNOWN))
            }
            Err(error) => Err(told(&error)),
        }
    }

    async fn list(&self, config: &Config, subject: &ErasureSubject) -> Result<Report> {
        let folder = DataFolder::open_read_only(&config.data.dir)?;
        let database = assemble::database(config, &folder, Mode::Read).await?;
        let (schemas, belongs) = (assemble::schemas(), assemble::BELONGS);
        let listener = progress::listener();
        Ok(list_erasure(database.as_ref(), &schemas, belongs, subject, self.rows, listener.as_ref()).await)
    }

    async fn erase(&self, config: &Config, subject: ErasureSubject) -> Result<Report> {
        let folder = DataFolder::open(&config.data.dir)
            .context("a serving process is asked by POST /custody/erasures")?;
        let stores = assemble::stores(config, &folder, Mode::Write).await?;
        let signer = keys::settle_signer(config, &folder, &stores).await?;
        let kernel = assemble::kernel(config, stores, signer).await?;
        let request = ErasureRequest { subject, rows: self.rows, caller: Caller::system("erase") };
        let done = carry_out(&kernel, &request).await;
        kernel.stop().await;
        Ok(done)
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
            say!("stays in ids, keys or domains of {}", in_ranges(&report.stays));
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

/// Indexes for people: neighbours as ranges, and only the first of very many.
fn in_ranges(indexes: &[u64]) -> String {
    let neighbours = indexes.chunk_by(|before, after| before + 1 == *after);
    let ranges: Vec<String> = neighbours
        .filter_map(|run| match run {
            [one] => Some(one.to_string()),
            [first, .., last] => Some(format!("{first}-{last}")),
            [] => None,
        })
        .collect();
    let shown = ranges.len().min(MOST_RANGES);
    let rest = match ranges.len() - shown {
        0 => String::new(),
        more => format!(", and {more} places more that --json names"),
    };
    let records = if indexes.len() == 1 { "record" } else { "records" };
    format!("{} {records}: {}{rest}", indexes.len(), ranges[..shown].join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_indexes_are_told_in_a_line() {
        assert_eq!(in_ranges(&[7]), "1 record: 7");
        assert_eq!(in_ranges(&[3, 4, 5, 9, 11, 12]), "6 records: 3-5, 9, 11-12");
        let odd: Vec<u64> = (0..30).map(|n| 2 * n + 1).collect();
        let told = in_ranges(&odd);
        assert!(
            told.starts_with("30 records: 1, 3, ")
                && told.ends_with("39, and 10 places more that --json names")
        );
    }
}
