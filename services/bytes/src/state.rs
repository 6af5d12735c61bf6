//! What every operation of the service has at hand.

use std::{fmt, sync::Arc};

use strongroom_http::Metrics;
use strongroom_kernel::{Kernel, ports::Anchor};
use tokio::sync::Notify;

use crate::{config::BytesConfig, wire::token::Account};

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct BytesState {
    inner: Arc<Inner>,
}

struct Inner {
    kernel: Kernel,
    account: Account,
    config: BytesConfig,
    anchor: Arc<dyn Anchor>,
    metrics: Arc<Metrics>,
    pending_proofs: Notify,
}

impl BytesState {
    /// The service on `kernel`, whose parts must include [`crate::SCHEMA`]; proofs are made by `anchor`.
    pub fn new(kernel: Kernel, config: BytesConfig, anchor: Arc<dyn Anchor>) -> Self {
        Self::with_metrics(kernel, config, anchor, Arc::new(Metrics::new()))
    }

    /// As [`BytesState::new`], with the registry of the whole process.
    pub fn with_metrics(
        kernel: Kernel,
        config: BytesConfig,
        anchor: Arc<dyn Anchor>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let account = Account::new(&config.username, config.password.reveal());
        let pending_proofs = Notify::new();
        Self { inner: Arc::new(Inner { kernel, account, config, anchor, metrics, pending_proofs }) }
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.inner.kernel
    }

    /// The service's settings.
    pub fn config(&self) -> &BytesConfig {
        &self.inner.config
    }

    /// The one account.
    pub(crate) fn account(&self) -> &Account {
        &self.inner.account
    }

    /// Who proves that hashes existed.
    pub(crate) fn anchor(&self) -> &dyn Anchor {
        self.inner.anchor.as_ref()
    }

    /// The registry of the process.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Wakes whoever makes proofs that were not made in time.
    pub(crate) fn pending_proofs(&self) -> &Notify {
        &self.inner.pending_proofs
    }
}

impl fmt::Debug for BytesState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BytesState").field("config", &self.inner.config).finish_non_exhaustive()
    }
}
