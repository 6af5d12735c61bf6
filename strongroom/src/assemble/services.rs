//! What is served: a listener's worth of answers per service, and the work beside it.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use futures::future::BoxFuture;
use strongroom_bytes::BytesState;
use strongroom_custody::ErasureParts;
use strongroom_http::{Metrics, Observer, health, observed};
use strongroom_identity::{TokenKey, oidc::Realm};
use strongroom_kernel::{Kernel, ports::RngExt as _};
use strongroom_tracer::TracerState;
use tokio::sync::watch;

use super::{anchors, downloads, finality::SeenByAll, gauges, realms};
use crate::{backups, config::Config, folder::DataFolder};

/// Media type of the metrics page.
pub(super) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One listener's worth of answers.
pub(crate) struct Face {
    /// What the operator calls it.
    pub(crate) name: &'static str,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What it answers.
    pub(crate) router: Router,
    /// Certificate chain and key of its own; it speaks what all listeners speak without them.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
}

/// Work of a service beside its requests, until the receiver says true.
pub(crate) type Background = Box<dyn FnOnce(watch::Receiver<bool>) -> BoxFuture<'static, ()> + Send>;

/// What is served, and what runs beside it.
pub(crate) struct Services {
    /// The listeners.
    pub(crate) faces: Vec<Face>,
    /// The background work.
    pub(crate) background: Vec<Background>,
}

/// All services on `kernel`.
///
/// # Errors
/// When a key or an address is unusable.
pub(crate) fn services(config: &Config, folder: &DataFolder, kernel: &Kernel) -> Result<Services> {
    let metrics = Arc::new(Metrics::new());
    let process = u32::from_be_bytes(kernel.rng().bytes());
    let anchor = anchors::of_raw_files(config)?;
    let bytes = BytesState::with_metrics(kernel.clone(), config.bytes.clone(), anchor, Arc::clone(&metrics));
    let token_key = TokenKey::load_or_create(&folder.token_key(), kernel.rng()).context("open token key")?;
    let face = |name, address, router| {
        let observer = Observer::new(name, Arc::clone(&metrics), process);
        Face { name, address, router: observed(router, Arc::new(observer)), tls: None }
    };
    let realm = realms::of_tracer(&config.tracer.oidc)?;
    let tracer = tracer(config, kernel, &metrics, realm.clone())?;
    // every service is on the main listener too, under its name; its own listener has the original's paths
    let main = main_router(kernel, token_key.clone(), &metrics, realm.clone())
        .nest("/bytes", strongroom_bytes::router(bytes.clone()));
    let main = main.merge(erasures(folder, kernel, token_key));
    let main = main.nest("/tracer", strongroom_tracer::router(tracer.clone()));
    let fetched = tracer.clone();
    let fetches: Background =
        Box::new(move |stop| Box::pin(strongroom_tracer::fetch_resources(fetched, stop)));
    let tracer = face("tracer", config.tracer.listen, strongroom_tracer::router(tracer));
    let tls = &config.tracer.tls;
    let faces = vec![
        face("main", config.http.listen, main),
        face("bytes", config.bytes.listen, strongroom_bytes::router(bytes.clone())),
        Face { tls: tls.certificate.clone().zip(tls.key.clone()), ..tracer },
    ];
    let aged = bytes.clone();
    let retention: Background = Box::new(move |stop| Box::pin(strongroom_bytes::keep_retention(aged, stop)));
    let proofs: Background = Box::new(move |stop| Box::pin(strongroom_bytes::make_proofs(bytes, stop)));
    let indexed = kernel.clone();
    let index: Background = Box::new(move |stop| Box::pin(indexed.follow_index(stop)));
    let mut background = vec![proofs, retention, index, fetches];
    if let Some(realm) = realm {
        background.push(Box::new(move |stop| Box::pin(async move { realm.refresh(stop).await })));
    }
    Ok(Services { faces, background })
}

/// The service of traces. It is on two listeners, and lets nobody in unasked if either can be reached from elsewhere.
fn tracer(
    config: &Config,
    kernel: &Kernel,
    metrics: &Arc<Metrics>,
    realm: Option<Realm>,
) -> Result<TracerState> {
    let addresses = [config.http.listen, config.tracer.listen];
    let reachable = !addresses.iter().all(|address| address.ip().is_loopback());
    let tokens = realm.map(|realm| Arc::new(realm) as _);
    let fetch = downloads::of_tracer(&config.tracer.fetch)?;
    let witnessed = config.ledger.witnesses.file.is_some();
    let finality = Some(Arc::new(SeenByAll { witnessed }) as _);
    let parts = strongroom_tracer::Parts { reachable, tokens, fetch, finality };
    let state = TracerState::new(kernel.clone(), config.tracer.clone(), Arc::clone(metrics), parts);
    if state.is_open() {
        tracing::warn!("tracer takes and shows traces without credentials; see tracer.open");
    }
    Ok(state)
}

/// How a subject is erased while everything is served.
fn erasures(folder: &DataFolder, kernel: &Kernel, token_key: TokenKey) -> Router {
    let data = folder.path().to_owned();
    let parts = ErasureParts { belongs: super::BELONGS, backups: Arc::new(move || backups::known(&data)) };
    strongroom_custody::erasure_router(kernel.clone(), token_key, parts)
}

/// Health, metrics, custody.
fn main_router(kernel: &Kernel, token_key: TokenKey, metrics: &Arc<Metrics>, realm: Option<Realm>) -> Router {
    health::router(kernel.clone())
        .merge(metrics_router(kernel, metrics, realm))
        .merge(strongroom_custody::router(kernel.clone(), token_key))
}

fn metrics_router(kernel: &Kernel, metrics: &Arc<Metrics>, realm: Option<Realm>) -> Router {
    let (kernel, metrics) = (kernel.clone(), Arc::clone(metrics));
    let page = move || {
        let mut gauges = gauges::of(&kernel);
        gauges.extend(super::shared::gauges(&kernel));
        gauges.extend(realm.iter().flat_map(realms::gauges));
        let page = metrics.page(gauges);
        async move { ([(CONTENT_TYPE, OPEN_METRICS)], page) }
    };
    Router::new().route("/metrics", get(page))
}
