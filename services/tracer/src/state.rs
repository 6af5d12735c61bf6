//! What every operation of the service has at hand.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use parking_lot::Mutex;
use strongroom_http::Metrics;
use strongroom_kernel::{Kernel, from_port, ports::Fetch};
use strongroom_model::Error;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

use crate::{
    callers::{Passwords, Tokens},
    config::{Open, TracerConfig},
    newcomers::Newcomers,
    tokens,
    wire::{post::Rules, query::Limits},
};

/// Large bodies that are read at one time; each may take as much memory as the configuration lets it.
const LARGE_BODIES: usize = 4;
/// Statistics that are counted at one time.
const STATISTICS: usize = 2;
/// Most traces of one answer.
const MOST_TRACES: u64 = 10_000;

/// Says how much of the ledger is beyond dispute: what it covers leaves the cache.
#[async_trait]
pub trait Finality: fmt::Debug + Send + Sync {
    /// How many leaves are final. Never more than the published checkpoint covers.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn final_size(&self, kernel: &Kernel) -> Result<u64, Error>;

    /// What published leaves still wait for, in words for whoever added them; nothing where nobody is asked.
    fn waits_for(&self, _: &Kernel) -> Option<&'static str> {
        None
    }
}

/// What the published checkpoint covers is final.
#[derive(Debug, Clone, Copy, Default)]
pub struct PublishedIsFinal;

#[async_trait]
impl Finality for PublishedIsFinal {
    async fn final_size(&self, kernel: &Kernel) -> Result<u64, Error> {
        Ok(kernel.ledger().published().size)
    }
}

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct TracerState {
    inner: Arc<Inner>,
}

struct Inner {
    kernel: Kernel,
    config: TracerConfig,
    metrics: Arc<Metrics>,
    tokens: Option<Arc<dyn Tokens>>,
    passwords: Option<Arc<dyn Passwords>>,
    open: bool,
    finality: Arc<dyn Finality>,
    newcomers: Newcomers,
    large_bodies: Semaphore,
    fetch: Option<Arc<dyn Fetch>>,
    /// Told when there is a file to be fetched.
    fetches: Notify,
    statistics: Semaphore,
    /// A number of leaves, and the first sequence behind them.
    behind: Mutex<(u64, u64)>,
}

/// Who checks what, beside the configuration.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// Checks bearer tokens, if anybody does.
    pub tokens: Option<Arc<dyn Tokens>>,
    /// Says what is final; the published checkpoint unless something else does.
    pub finality: Option<Arc<dyn Finality>>,
    /// Fetches resources that are given by their address, if anybody may be asked.
    pub fetch: Option<Arc<dyn Fetch>>,
    /// Whether a listener of the service can be reached from other machines.
    pub reachable: bool,
}

impl TracerState {
    /// The service on `kernel`, whose parts must include [`crate::SCHEMA`].
    pub fn new(kernel: Kernel, config: TracerConfig, metrics: Arc<Metrics>, parts: Parts) -> Self {
        let passwords = tokens::administrator(&config.admin, kernel.rng());
        let open = match config.open {
            Open::Always => true,
            Open::Never => false,
            Open::Auto => !config.admin.is_configured() && parts.tokens.is_none() && !parts.reachable,
        };
        Self {
            inner: Arc::new(Inner {
                kernel,
                config,
                metrics,
                tokens: parts.tokens,
                passwords,
                open,
                finality: parts.finality.unwrap_or_else(|| Arc::new(PublishedIsFinal)),
                newcomers: Newcomers::default(),
                large_bodies: Semaphore::new(LARGE_BODIES),
                fetch: parts.fetch,
                fetches: Notify::new(),
                statistics: Semaphore::new(STATISTICS),
                behind: Mutex::new((0, 0)),
            }),
        }
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.inner.kernel
    }

    /// The service's settings.
    pub fn config(&self) -> &TracerConfig {
        &self.inner.config
    }

    /// The registry of the process.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Whether callers without a credential are let in.
    pub fn is_open(&self) -> bool {
        self.inner.open
    }

    pub(crate) fn tokens(&self) -> Option<&dyn Tokens> {
        self.inner.tokens.as_deref()
    }

    pub(crate) fn passwords(&self) -> Option<&dyn Passwords> {
        self.inner.passwords.as_deref()
    }

    pub(crate) fn newcomers(&self) -> &Newcomers {
        &self.inner.newcomers
    }

    pub(crate) fn large_bodies(&self) -> &Semaphore {
        &self.inner.large_bodies
    }

    /// Fetches resources that are given by their address.
    pub(crate) fn fetch(&self) -> Option<&dyn Fetch> {
        self.inner.fetch.as_deref()
    }

    /// Told when there is a file to be fetched.
    pub(crate) fn fetches(&self) -> &Notify {
        &self.inner.fetches
    }

    /// A place among those who count.
    pub(crate) async fn statistics(&self) -> Option<SemaphorePermit<'_>> {
        self.inner.statistics.acquire().await.ok()
    }

    /// How many leaves are final.
    pub(crate) async fn final_size(&self) -> Result<u64, Error> {
        self.inner.finality.final_size(self.kernel()).await
    }

    /// What published leaves that are not final wait for.
    pub(crate) fn waits_for(&self) -> Option<&'static str> {
        self.inner.finality.waits_for(self.kernel())
    }

    /// The first sequence behind the first `size` leaves.
    pub(crate) async fn sequence_behind(&self, size: u64) -> Result<u64, Error> {
        let (known, sequence) = *self.inner.behind.lock();
        if known == size {
            return Ok(sequence);
        }
        let Some(last) = size.checked_sub(1) else { return Ok(0) };
        let records = self.kernel().database().records(last, 1).await.map_err(from_port)?;
        let sequence = records.first().map_or(0, |record| record.sequence + 1);
        *self.inner.behind.lock() = (size, sequence);
        Ok(sequence)
    }

    /// What a reader of posted traces goes by.
    pub(crate) fn rules(&self) -> Rules {
        let config = self.config();
        Rules {
            algorithm: config.hash_algorithm,
            ledger: config.ledger_name.clone(),
            further_details: config.further_details.clone(),
        }
    }

    /// Page sizes.
    pub(crate) fn limits(&self) -> Limits {
        Limits { default: self.config().default_limit, most: MOST_TRACES }
    }
}

impl fmt::Debug for TracerState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TracerState").field("config", &self.inner.config).finish_non_exhaustive()
    }
}
