//! `import tracer`: the traces that CHAIMELEON's Tracer wrote to a chain, taken over into a data folder.
//!
//! The chain is only read. Each trace keeps where it came from; what is there already is left alone, so an import
//! that was broken off is begun again with the same words. What is on the chain and no trace is named and left out.
//! At the end both sides are counted.
//!
//! [`bigchaindb`] and `ethereum` read, this file writes: reading and writing go on side by side.

mod bigchaindb;
#[cfg(feature = "ethereum")]
mod ethereum;

use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use clap::{Args, ValueEnum};
use futures::{StreamExt as _, stream::BoxStream};
use strongroom_kernel::{Kernel, verify::Scope};
use strongroom_tracer::{
    Newcomers,
    commands::trace::{Imported, import},
    origin::Origin,
    queries,
    wire::chained,
};

use super::{Common, Findings, start};
use crate::{commands::verify, config::Config, folder::DataFolder, output::say, progress};

/// Units on their way at one time; they share commits.
const ABREAST: usize = 64;
/// Most findings that are kept; a chain may be full of what is no trace.
const MOST_FINDINGS: usize = 1_000;

#[derive(Debug, Args)]
pub(crate) struct ImportTracer {
    #[command(flatten)]
    pub(super) common: Common,
    /// What the traces are on.
    #[arg(long, value_enum)]
    from: Kind,
    /// JSON-RPC of an Ethereum or Besu node, or the API of a BigchainDB (`http://host:9984/api/v1`).
    #[arg(long, value_name = "URL", env = "STRONGROOM_IMPORT_URL", hide_env_values = true)]
    url: String,
    /// Address of the contract `ChaimeleonTracer_V1` (its `contracts/…` file says it).
    #[arg(long, value_name = "ADDRESS", required_if_eq("from", "ethereum"))]
    contract: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A contract on Ethereum or Hyperledger Besu.
    Ethereum,
    /// Assets of a BigchainDB.
    Bigchaindb,
}

/// Traces of a chain, as they are read.
struct Source {
    /// As in [`Origin::chain`].
    chain: String,
    /// As in [`Origin::contract`], where all are in one.
    contract: Option<String>,
    /// How many there are.
    total: u64,
    entries: BoxStream<'static, Result<Entry>>,
}

/// One entry of a chain.
struct Entry {
    /// Its text, or why it cannot be believed.
    text: Result<String, String>,
    /// Where it is; the trace is settled later.
    origin: Origin,
}

impl ImportTracer {
    pub(super) async fn import(&self, config: &Config) -> Result<ExitCode> {
        let source = match self.from {
            Kind::Bigchaindb => bigchaindb::open(&self.url).await?,
            Kind::Ethereum => self.ethereum().await?,
        };
        let folder = DataFolder::open(&config.data.dir)?;
        let kernel = start(config, &folder).await?;
        let mut findings = Findings::default();
        let done = take_over(source, &kernel, &mut findings).await;
        kernel.stop().await;
        done?;
        for finding in &findings.0 {
            say!("{finding}");
        }
        let report = verify::verify(config, &folder, None, None, Scope::Everything).await?;
        let code = verify::tell(&report);
        Ok(if findings.0.is_empty() { code } else { ExitCode::FAILURE })
    }

    #[cfg(feature = "ethereum")]
    async fn ethereum(&self) -> Result<Source> {
        let Some(contract) = &self.contract else { bail!("--contract is needed") };
        ethereum::open(&self.url, contract).await
    }

    #[cfg(not(feature = "ethereum"))]
    #[expect(clippy::unused_async, reason = "it is the same without the feature")]
    async fn ethereum(&self) -> Result<Source> {
        let _ = &self.contract;
        bail!("this program was built without the feature `ethereum`")
    }
}

/// How many entries went which way.
#[derive(Debug, Default)]
struct Tally {
    added: u64,
    known: u64,
    before: u64,
    left_out: u64,
}

async fn take_over(source: Source, kernel: &Kernel, findings: &mut Findings) -> Result<()> {
    let Source { chain, contract, total, entries } = source;
    let listener = progress::listener();
    listener.begin("traces", total);
    let newcomers = Newcomers::default();
    let mut outcomes = entries.map(|entry| one(kernel, &newcomers, entry)).buffered(ABREAST);
    let mut tally = Tally::default();
    while let Some(outcome) = outcomes.next().await {
        match outcome? {
            Ok(Imported::Added) => tally.added += 1,
            Ok(Imported::Known) => tally.known += 1,
            Ok(Imported::Before) => tally.before += 1,
            Err(finding) => {
                tally.left_out += 1;
                if findings.0.len() < MOST_FINDINGS {
                    findings.add(finding);
                }
            }
        }
        listener.advance(1);
    }
    drop(listener);
    let snapshot = kernel.snapshot().await.map_err(told)?;
    let here = queries::count_origins(&snapshot, &chain, contract.as_deref()).await.map_err(told)?;
    drop(snapshot);
    let Tally { added, known, before, left_out } = tally;
    say!(
        "traces: {added} added, {known} known from another chain, {before} there already, {left_out} left out"
    );
    say!("traces: {here} of {total} of the chain are here");
    if here + left_out < total {
        findings.add(format!("missing: {} traces of the chain are not here", total - here - left_out));
    }
    Ok(())
}

/// What became of one entry, or why it was left out.
async fn one(
    kernel: &Kernel,
    newcomers: &Newcomers,
    entry: Result<Entry>,
) -> Result<Result<Imported, String>> {
    let Entry { text, origin } = entry?;
    let place = format!("{} of {}", origin.position, origin.contract);
    let text = match text {
        Ok(text) => text,
        Err(reason) => return Ok(Err(format!("left out: entry {place}: {reason}"))),
    };
    match chained::read(&text) {
        Ok(chained) => Ok(Ok(import(kernel, newcomers, chained, origin).await.map_err(told)?)),
        Err(reason) => Ok(Err(format!("left out: entry {place} is no trace: {reason}"))),
    }
}

/// An error of the kernel with what only operators may see.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn told(error: strongroom_model::Error) -> anyhow::Error {
    anyhow!(error.diagnosis())
}
