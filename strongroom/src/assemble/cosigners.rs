//! Witness and mirror: what they keep, and what they answer.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, anyhow, bail};
use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use strongroom_content::DiskTiles;
use strongroom_database::{Sqlite, SqliteOptions};
use strongroom_fetch::{AddressPolicy, Fetcher, Limits};
use strongroom_http::{Metrics, Observer, observed};
use strongroom_kernel::{
    from_port,
    ports::{Database, LogSource, RngExt as _, TileStore},
    verify::Progress,
};
use strongroom_ledger::Cosigner;
use strongroom_tlog::{HttpLog, MAX_RESOURCE};
use strongroom_witness::{
    Figures, Keeper, Logs, Mirror, MirrorParts, Witness, mirror_router, witness_router,
};

use super::{clock, rng, services::OPEN_METRICS};
use crate::{config::Config, folder::DataFolder};

/// Longest wait for a resource of a log that is copied.
const RESOURCE_TIMEOUT: Duration = Duration::from_mins(1);

/// The logs of the configuration.
///
/// # Errors
/// When there is none, or a key is none of a log.
fn logs(config: &Config) -> Result<Logs> {
    let mut logs = Logs::default();
    for log in &config.witness.log {
        let key = log.verifier()?;
        logs.add(&log.origin, key).map_err(|text| anyhow!("witness.log.key of {}: it {text}", log.origin))?;
    }
    if logs.iter().next().is_none() {
        bail!("witness.log: no log is configured; name origin and key of each in a [[witness.log]]");
    }
    Ok(logs)
}

/// State in a file of its own: it is no ledger.
async fn keeper(folder: &DataFolder, name: &str) -> Result<Keeper> {
    let path = folder.path().join(name);
    let opened =
        tokio::task::spawn_blocking(move || Sqlite::open(&path, &[], &SqliteOptions::default())).await?;
    let database: Arc<dyn Database> = Arc::new(opened.context("open the state")?);
    Ok(Keeper::start(database, clock()))
}

/// The witness of this data folder.
///
/// # Errors
/// When its state is not what it was.
pub(crate) async fn witness(config: &Config, folder: &DataFolder, cosigner: Cosigner) -> Result<Witness> {
    let keeper = keeper(folder, "witness.sqlite").await?;
    let opened = Witness::open(&logs(config)?, cosigner, keeper, clock()).await;
    opened.map_err(|error| anyhow!(from_port(error).diagnosis())).context("open the witness")
}

/// The mirror of this data folder.
///
/// # Errors
/// When its state or its copies are not what they were.
pub(crate) async fn mirror(
    config: &Config,
    folder: &DataFolder,
    cosigner: Cosigner,
    progress: Arc<dyn Progress>,
) -> Result<Mirror> {
    let limits = Limits { total_timeout: RESOURCE_TIMEOUT, max_body: MAX_RESOURCE, ..Limits::default() };
    let fetcher = Fetcher::new(limits, AddressPolicy::Any)?;
    let copies = folder.path().join("mirror");
    let mut parts = Vec::new();
    for log in logs(config)?.iter() {
        let mut known = config.witness.log.iter().filter(|known| known.origin == log.origin());
        let url = known.find_map(|known| known.url.as_ref());
        let source =
            url.map(|url| Arc::new(HttpLog::new(url.clone(), fetcher.clone())) as Arc<dyn LogSource>);
        parts.push((Arc::clone(log), source, tiles(&copies, log.hash())));
    }
    let keeper = keeper(folder, "mirror.sqlite").await?;
    let poll = config.mirror.poll;
    let parts = MirrorParts { logs: parts, cosigner, keeper, clock: clock(), poll, progress };
    let opened = Mirror::open(parts).await;
    opened.map_err(|error| anyhow!(from_port(error).diagnosis())).context("open the mirror")
}

fn tiles(copies: &Path, hash: &str) -> Arc<dyn TileStore> {
    Arc::new(DiskTiles::durable(&copies.join(hash)))
}

/// All that a witness answers, observed, with its metrics page.
pub(crate) fn witness_face(witness: &Witness) -> Router {
    let figures = witness.clone();
    face("witness", witness_router(witness.clone()), move || figures.figures())
}

/// All that a mirror answers, observed, with its metrics page.
pub(crate) fn mirror_face(mirror: &Mirror) -> Router {
    let figures = mirror.clone();
    face("mirror", mirror_router(mirror.clone()), move || figures.figures())
}

fn face(
    name: &'static str,
    router: Router,
    figures: impl Fn() -> Figures + Clone + Send + Sync + 'static,
) -> Router {
    let metrics = Arc::new(Metrics::new());
    let observer = Observer::new(name, Arc::clone(&metrics), u32::from_be_bytes(rng().bytes()));
    let page = move || {
        let page = metrics.page(figures());
        async move { ([(CONTENT_TYPE, OPEN_METRICS)], page) }
    };
    observed(router.route("/metrics", get(page)), Arc::new(observer))
}
