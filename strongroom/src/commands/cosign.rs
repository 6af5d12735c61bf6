//! `witness` and `mirror`: cosigning what other ledgers publish, until told to stop.

use std::{net::SocketAddr, process::ExitCode, sync::Arc};

use anyhow::Result;
use axum::Router;
use clap::Args;
use strongroom_ledger::Verifier;
use tokio::sync::watch;

use super::{
    Common, block_on,
    serve::{Listeners, StopSignals, raise_open_files},
};
use crate::{
    assemble::{self, Face},
    config::{Config, Loaded},
    diagnostics,
    folder::DataFolder,
    keys::{self, CosignerKey},
    output::say,
    progress,
};

#[derive(Debug, Args)]
pub(crate) struct Witness {
    #[command(flatten)]
    common: Common,
    /// Where it listens; wins over `witness.listen`.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct Mirror {
    #[command(flatten)]
    common: Common,
    /// Where it listens; wins over `mirror.listen`.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

impl Witness {
    pub(super) fn run(self) -> Result<ExitCode> {
        let (config, _diagnostics) = begin(&self.common)?;
        block_on(witness(&config, self.listen.unwrap_or(config.witness.listen)))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Mirror {
    pub(super) fn run(self) -> Result<ExitCode> {
        let (config, _diagnostics) = begin(&self.common)?;
        block_on(mirror(&config, self.listen.unwrap_or(config.mirror.listen)))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn begin(common: &Common) -> Result<(Config, diagnostics::Diagnostics)> {
    let Loaded { config, warnings, .. } = common.load()?;
    let diagnostics = diagnostics::install(&config)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    raise_open_files();
    Ok((config, diagnostics))
}

async fn witness(config: &Config, address: SocketAddr) -> Result<()> {
    let stop_asked = StopSignals::new()?;
    let folder = DataFolder::open(&config.data.dir)?;
    let own = &config.witness;
    let key = CosignerKey { role: "witness", name: own.name.as_deref(), file: own.key_file.clone() };
    let cosigner = keys::settle_cosigner(&key, &folder, assemble::rng().as_ref())?;
    let witness = assemble::witness(config, &folder, cosigner).await?;
    let face = assemble::witness_face(&witness);
    let serving = start(config, &folder, "witness", address, face, &witness.verifier())?;
    serving.until(stop_asked).await;
    Ok(())
}

async fn mirror(config: &Config, address: SocketAddr) -> Result<()> {
    let stop_asked = StopSignals::new()?;
    let folder = DataFolder::open(&config.data.dir)?;
    let own = &config.mirror;
    let key = CosignerKey { role: "mirror", name: own.name.as_deref(), file: own.key_file.clone() };
    let cosigner = keys::settle_cosigner(&key, &folder, assemble::rng().as_ref())?;
    let mirror = assemble::mirror(config, &folder, cosigner, Arc::from(progress::listener())).await?;
    let face = assemble::mirror_face(&mirror);
    let serving = start(config, &folder, "mirror", address, face, &mirror.verifier())?;
    let (asking, stopped) = (mirror.clone(), serving.stop.subscribe());
    let copying = tokio::spawn(async move { asking.run(stopped).await });
    serving.until(stop_asked).await;
    copying.await?;
    Ok(())
}

/// Listeners at work, and how they are told to stop.
struct Running {
    stop: watch::Sender<bool>,
    serving: super::serve::Serving,
}

/// Binds, prints what an operator needs to know, and begins to answer.
fn start(
    config: &Config,
    folder: &DataFolder,
    name: &'static str,
    address: SocketAddr,
    router: Router,
    verifier: &Verifier,
) -> Result<Running> {
    let listeners = Listeners::bind(config, vec![Face { name, address, router, tls: None }])?;
    say!("strongroom {}", env!("CARGO_PKG_VERSION"));
    say!("data {}", folder.path().display());
    say!("verifier {verifier}");
    for (name, url) in listeners.urls() {
        say!("{name} {url}");
    }
    let (stop, stopped) = watch::channel(false);
    let serving = listeners.serve(config, &stopped)?;
    say!("ready");
    Ok(Running { stop, serving })
}

impl Running {
    /// Answers until a signal comes, and then finishes requests under way.
    async fn until(self, mut stop_asked: StopSignals) {
        stop_asked.wait().await;
        tracing::info!("stopping: requests under way are finished");
        self.stop.send_replace(true);
        tokio::select! {
            () = self.serving.finish() => tracing::info!("stopped"),
            // what was answered is durable in any case
            () = stop_asked.wait() => tracing::warn!("stopped at once, since that was asked for twice"),
        }
    }
}
