//! `serve`: everything on one data folder, until told to stop.

mod listeners;
mod upkeep;

use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use strongroom_kernel::{Kernel, verify::Silent};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::{Common, block_on};
use crate::{
    assemble::{self, Mode},
    config::{Config, Loaded},
    diagnostics,
    folder::DataFolder,
    keys::{self, Account},
    output::say,
};

pub(super) use listeners::{Listeners, Serving};

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    common: Common,
}

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode> {
        let Loaded { config, warnings, .. } = self.common.load()?;
        let _diagnostics = diagnostics::install(&config)?;
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        raise_open_files();
        block_on(serve(config))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The way of a process: open, print, serve, and on a signal stop in the reverse order.
async fn serve(mut config: Config) -> Result<()> {
    // before anything else: a signal that comes early is not lost
    let mut stop_asked = StopSignals::new()?;
    let folder = DataFolder::open(&config.data.dir)?;
    let stores = assemble::stores(&config, &folder, Mode::Write).await?;
    let signer = keys::settle_signer(&config, &folder, &stores).await?;
    let account = keys::settle_account(&mut config.bytes, &folder, assemble::rng().as_ref())?;
    let kernel = assemble::kernel(&config, stores, signer).await?;
    take_up_erasure(&kernel).await?;
    if let Some(part) = assemble::witnesses(&config, &kernel.ledger().verifier())? {
        kernel.ask_witnesses(part);
    }
    if let Some(part) = assemble::forward(&config, &kernel.ledger().verifier())? {
        kernel.forward(part);
    }
    let services = assemble::services(&config, &folder, &kernel)?;
    let listeners = Listeners::bind(&config, services.faces)?;
    greet(&folder, &kernel.ledger().verifier().to_string(), account, &listeners);
    let (stop, stopped) = watch::channel(false);
    let upkeep = upkeep::start(&config, &kernel, services.background, &stopped);
    let serving = listeners.serve(&config, &stopped)?;
    say!("ready");
    stop_asked.wait().await;
    tracing::info!("stopping: requests under way are finished");
    stop.send_replace(true);
    let finish = async {
        serving.finish().await;
        upkeep.finish().await;
        kernel.stop().await;
    };
    tokio::select! {
        () = finish => tracing::info!("stopped"),
        // what was acknowledged is durable in any case
        () = stop_asked.wait() => tracing::warn!("stopped at once, since that was asked for twice"),
    }
    Ok(())
}

/// Ends an erasure that a crash interrupted, before anything is served.
async fn take_up_erasure(kernel: &Kernel) -> Result<()> {
    let ended = kernel.resume_erasure(assemble::BELONGS, &Silent).await;
    if ended
        .map_err(|error| anyhow!(error.diagnosis()))
        .context("end an erasure that was interrupted")?
        .is_some()
    {
        tracing::info!("an erasure that was interrupted was brought to its end");
    }
    Ok(())
}

/// What an operator needs to know, one `word value` per line.
fn greet(folder: &DataFolder, verifier: &str, account: Option<Account>, listeners: &Listeners) {
    say!("strongroom {}", env!("CARGO_PKG_VERSION"));
    say!("data {}", folder.path().display());
    say!("verifier {verifier}");
    if let Some(account) = account {
        say!("username {}", account.username);
        say!("password {} (kept in {}, not shown again)", account.password.reveal(), folder.keys().display());
    }
    for (name, url) in listeners.urls() {
        say!("{name} {url}");
    }
}

/// Lets the process open as many files as it may: a connection is one, and so is a content being read.
pub(super) fn raise_open_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// The signals that ask to stop.
pub(super) struct StopSignals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl StopSignals {
    pub(super) fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("listen for signals");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
