//! The kernel itself: what it holds while it runs. How it comes to run is in `start.rs`.

mod attested;
mod in_flight;
mod packer;
mod recorder;
mod sinks;

pub(crate) use attested::Attested;
pub(crate) use in_flight::{InFlight, InFlightGuard};
pub(crate) use packer::{Packer, Turn};
pub use packer::{PackingFigures, PackingPart};
pub(crate) use recorder::Recorder;
pub(crate) use sinks::Relay;
pub use sinks::SinkPart;

use std::sync::Arc;

use parking_lot::Mutex;
use strongroom_model::Error;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    error::from_port,
    index::Indexer,
    ledger::{self, ForwardState, LedgerView, WitnessPart},
    ports::{Clock, ContentStore, Database, Note, Packs, PortError, Rng, Sealer},
    queue::Queue,
    row::Schema,
    snapshot::Snapshot,
    state,
};

/// The running kernel. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Kernel {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) database: Arc<dyn Database>,
    pub(crate) packs: Option<Arc<dyn Packs>>,
    pub(crate) store: Arc<dyn ContentStore>,
    pub(crate) packer: Option<Packer>,
    pub(crate) sealer: Option<Arc<dyn Sealer>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) schemas: Vec<Schema>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) ledger: LedgerView,
    pub(crate) recorder: Recorder,
    pub(crate) relays: Vec<Relay>,
    pub(crate) in_flight: InFlight,
    /// One erasure at a time.
    pub(crate) erasing: tokio::sync::Mutex<()>,
    pub(crate) indexer: tokio::sync::Mutex<Indexer>,
    pub(crate) attested: Attested,
    /// How it goes with the shared ledger.
    pub(crate) forwarding: Mutex<Option<ForwardState>>,
    pub(crate) writable: watch::Sender<bool>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) tasks: Mutex<Tasks>,
}

/// Tasks in the order in which they must end.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    pub(crate) committer: Option<JoinHandle<()>>,
    pub(crate) followers: Vec<JoinHandle<()>>,
}

/// Whether the kernel can do its work now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// The last batch was committed, or none was asked for yet.
    pub writable: bool,
    /// Units that wait.
    pub waiting: usize,
    /// Leaves the published checkpoint does not cover yet.
    pub unpublished: u64,
}

impl Inner {
    /// The note under `key`, its seal checked.
    pub(crate) async fn recall(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        let stored = self.database.note(key).await?;
        stored.map(|stored| state::open_note(&self.ledger.verifier(), key, &stored)).transpose()
    }
}

impl Kernel {
    /// Has published checkpoints cosigned by witnesses from now on, beside the commits.
    pub fn ask_witnesses(&self, part: WitnessPart) {
        let asking = ledger::ask_witnesses(self.inner.ledger.clone(), part, self.inner.stop.subscribe());
        self.inner.tasks.lock().followers.push(tokio::spawn(asking));
    }

    /// Runs work beside the commits, until the kernel stops.
    pub(crate) fn follow<W: Future<Output = ()> + Send + 'static>(
        &self,
        work: impl FnOnce(Arc<Inner>, watch::Receiver<bool>) -> W,
    ) {
        let working = work(Arc::clone(&self.inner), self.inner.stop.subscribe());
        self.inner.tasks.lock().followers.push(tokio::spawn(working));
    }

    /// All rows as they are now.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        self.inner.database.snapshot().await.map(Snapshot::new).map_err(from_port)
    }

    /// Keeps operational state under `key`, without a leaf; written with the next batch, the last value wins.
    pub fn note(&self, key: impl Into<String>, value: Option<Vec<u8>>) {
        self.inner.queue.push_note(Note { key: key.into(), value });
    }

    /// Operational state kept under `key`, as last written.
    ///
    /// # Errors
    /// `Unavailable`; `Internal` when it is not what was noted.
    pub async fn recall(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        self.inner.recall(key).await.map_err(from_port)
    }

    /// True while newcomers should be turned away from the request head.
    pub fn overloaded(&self) -> bool {
        self.inner.queue.late()
    }

    /// Whether work can be done now.
    pub fn readiness(&self) -> Readiness {
        let ledger = &self.inner.ledger;
        Readiness {
            writable: *self.inner.writable.borrow(),
            waiting: self.inner.queue.len(),
            unpublished: ledger.size().saturating_sub(ledger.published().size),
        }
    }

    /// The ledger as it is served.
    pub fn ledger(&self) -> &LedgerView {
        &self.inner.ledger
    }

    /// The time of day.
    pub fn clock(&self) -> &dyn Clock {
        self.inner.clock.as_ref()
    }

    /// Nonces, salts, ids.
    pub fn rng(&self) -> &dyn Rng {
        self.inner.rng.as_ref()
    }

    /// The database behind it, for verification, metrics and backup.
    pub fn database(&self) -> &Arc<dyn Database> {
        &self.inner.database
    }

    /// Tables of the services.
    pub fn schemas(&self) -> &[Schema] {
        &self.inner.schemas
    }
}
