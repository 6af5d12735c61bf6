//! What every operation of the service has at hand.

use std::{fmt, sync::Arc};

use strongroom_http::Metrics;
use strongroom_kernel::{
    Kernel,
    ports::{Anchor, RngExt as _},
};
use tokio::sync::Notify;

use crate::{
    config::{BytesConfig, Secret},
    mask::Mask,
    wire::{account::Account, token::TokenKey},
};

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct BytesState {
    inner: Arc<Inner>,
}

struct Inner {
    kernel: Kernel,
    accounts: Vec<Account>,
    token_key: TokenKey,
    mask: Mask,
    config: BytesConfig,
    anchor: Arc<dyn Anchor>,
    metrics: Arc<Metrics>,
    pending_proofs: Notify,
}

impl BytesState {
    /// The service on `kernel`, whose parts must include [`crate::SCHEMA`]; proofs are made by `anchor`.
    ///
    /// A secret or password that is not configured is drawn at random: nobody knows it, so nobody gets in by it.
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
        let chosen = |secret: &Option<Secret>| {
            secret
                .clone()
                .unwrap_or_else(|| Secret::new(format!("{}{}", kernel.rng().id(), kernel.rng().id())))
        };
        let first = Account::new(&config.username, chosen(&config.password).reveal());
        let further = config.accounts.iter().map(|(name, password)| Account::new(name, password.reveal()));
        let accounts = std::iter::once(first).chain(further).collect();
        let token_key = TokenKey::new(chosen(&config.secret).reveal());
        let token_key = if config.require_token_end { token_key.requiring_end() } else { token_key };
        let mask = Mask::new(&config.masked_environment);
        let pending_proofs = Notify::new();
        Self {
            inner: Arc::new(Inner {
                kernel,
                accounts,
                token_key,
                mask,
                config,
                anchor,
                metrics,
                pending_proofs,
            }),
        }
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.inner.kernel
    }

    /// The service's settings.
    pub fn config(&self) -> &BytesConfig {
        &self.inner.config
    }

    /// Whether these are the name and the password of an account; all are compared, whatever the outcome.
    pub(crate) fn knows(&self, username: &str, password: &str) -> bool {
        self.inner.accounts.iter().fold(false, |known, account| account.matches(username, password) | known)
    }

    /// The key of its tokens.
    pub(crate) fn token_key(&self) -> &TokenKey {
        &self.inner.token_key
    }

    /// What answers do not show.
    pub(crate) fn mask(&self) -> &Mask {
        &self.inner.mask
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
