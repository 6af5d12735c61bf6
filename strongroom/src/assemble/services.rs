//! What is served: a listener's worth of answers per service, and the work beside it.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, Result};
use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use futures::future::BoxFuture;
use strongroom_bytes::BytesState;
use strongroom_http::{Metrics, Observer, health, observed};
use strongroom_identity::TokenKey;
use strongroom_kernel::{Kernel, ports::RngExt as _};
use tokio::sync::watch;

use super::anchors;
use crate::{config::Config, folder::DataFolder};

/// Media type of the metrics page.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One listener's worth of answers.
pub(crate) struct Face {
    /// What the operator calls it.
    pub(crate) name: &'static str,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What it answers.
    pub(crate) router: Router,
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
        Face { name, address, router: observed(router, Arc::new(observer)) }
    };
    // every service is on the main listener too, under its name; its own listener has the original's paths
    let main =
        main_router(kernel, token_key, &metrics).nest("/bytes", strongroom_bytes::router(bytes.clone()));
    let faces = vec![
        face("main", config.http.listen, main),
        face("bytes", config.bytes.listen, strongroom_bytes::router(bytes.clone())),
    ];
    let proofs: Background = Box::new(move |stop| Box::pin(strongroom_bytes::make_proofs(bytes, stop)));
    Ok(Services { faces, background: vec![proofs] })
}

/// Health, metrics, custody.
fn main_router(kernel: &Kernel, token_key: TokenKey, metrics: &Arc<Metrics>) -> Router {
    health::router(kernel.clone())
        .merge(metrics_router(kernel, metrics))
        .merge(strongroom_custody::router(kernel.clone(), token_key))
}

fn metrics_router(kernel: &Kernel, metrics: &Arc<Metrics>) -> Router {
    let (kernel, metrics) = (kernel.clone(), Arc::clone(metrics));
    let page = move || {
        let readiness = kernel.readiness();
        let mut gauges = kernel.database().gauges();
        gauges.push(("units_waiting", "Units that wait for their commit", figure(readiness.waiting as u64)));
        gauges.push((
            "leaves_unpublished",
            "Leaves the published checkpoint does not cover yet",
            figure(readiness.unpublished),
        ));
        gauges.push((
            "events_unconfirmed",
            "Announcements no receiver has confirmed yet",
            figure(kernel.unconfirmed_events()),
        ));
        let page = metrics.page(gauges);
        async move { ([(CONTENT_TYPE, OPEN_METRICS)], page) }
    };
    Router::new().route("/metrics", get(page))
}

/// A count as metrics have it.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53, and metrics are floats")]
fn figure(count: u64) -> f64 {
    count as f64
}
