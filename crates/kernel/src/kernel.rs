//! The kernel itself: what it is made of, how it starts and stops.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use strongroom_ledger::Signer;
use strongroom_model::Error;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    anchoring::AnchorPart,
    attest::Attested,
    error::from_port,
    index::Indexer,
    ledger::{self, ForwardState, LedgerView, WitnessPart},
    packing::{Packer, PackingPart},
    ports::{Clock, ContentStore, Database, Note, Packs, PortError, Rng, Sealer, Sink, TileStore},
    queue::Queue,
    recording::Recorder,
    relay::Relay,
    row::Schema,
    snapshot::Snapshot,
    state,
    upload::InFlight,
};

/// What a kernel is made of.
#[derive(Debug)]
pub struct Parts {
    /// Rows, records, events.
    pub database: Arc<dyn Database>,
    /// Small content; kept in the database when there is none.
    pub packs: Option<Arc<dyn Packs>>,
    /// Large content.
    pub store: Arc<dyn ContentStore>,
    /// What moves small content out of the database, where there are no packs.
    pub packing: Option<PackingPart>,
    /// Seals what is kept in the database, and what is moved from there; packs and stores seal by themselves.
    pub sealer: Option<Arc<dyn Sealer>>,
    /// Full tiles and the published checkpoint.
    pub tiles: Arc<dyn TileStore>,
    /// A place outside the data folder where the checkpoint is kept too.
    pub checkpoint_copy: Option<Arc<dyn TileStore>>,
    /// Where events go.
    pub sinks: Vec<SinkPart>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Nonces, salts, ids.
    pub rng: Arc<dyn Rng>,
    /// Signs checkpoints; its name is the origin of the ledger.
    pub signer: Signer,
    /// Who attests checkpoints.
    pub anchors: Vec<AnchorPart>,
    /// Tables of the services, and the kernel's own.
    pub schemas: Vec<Schema>,
    /// Reads of one object by one caller within this time are one leaf.
    pub coalesce_reads: Duration,
}

/// A sink and how long an answer waits for it.
#[derive(Debug, Clone)]
pub struct SinkPart {
    /// The sink.
    pub sink: Arc<dyn Sink>,
    /// A write that emitted events for it waits at most this long for their confirmation; then it is
    /// answered and the rest is left to the relay.
    pub before_answer: Option<Duration>,
}

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
    stop: watch::Sender<bool>,
    tasks: Mutex<Tasks>,
}

/// Tasks in the order in which they must end.
#[derive(Debug, Default)]
struct Tasks {
    committer: Option<JoinHandle<()>>,
    followers: Vec<JoinHandle<()>>,
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

/// Cuts off what a crash left behind the last committed position.
async fn recover_packs(database: &dyn Database, packs: Option<&Arc<dyn Packs>>) -> Result<(), PortError> {
    let Some(packs) = packs.map(Arc::clone) else { return Ok(()) };
    let end = database.pack_end().await?;
    tokio::task::spawn_blocking(move || packs.recover(end))
        .await
        .map_err(|error| PortError::unavailable("recover the packs").with_source(error))?
}

impl Inner {
    /// The note under `key`, its seal checked.
    pub(crate) async fn recall(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        let stored = self.database.note(key).await?;
        stored.map(|stored| state::open_note(&self.ledger.verifier(), key, &stored)).transpose()
    }
}

impl Kernel {
    /// Opens the ledger, holds it against the published checkpoints and starts working.
    ///
    /// # Errors
    /// `Internal` when what is stored contradicts a published checkpoint; `Unavailable`.
    pub async fn start(parts: Parts) -> Result<Self, Error> {
        let Parts {
            anchors,
            database,
            packs,
            store,
            packing,
            sealer,
            tiles,
            checkpoint_copy,
            sinks,
            clock,
            rng,
            signer,
            schemas,
            coalesce_reads,
        } = parts;
        while database.sequence(10_000).await.map_err(from_port)? > 0 {}
        let ledger = ledger::restore(signer, Arc::clone(&database), tiles, checkpoint_copy)
            .await
            .map_err(from_port)?;
        // only a database that no checkpoint contradicts may say where the packs end
        recover_packs(database.as_ref(), packs.as_ref()).await.map_err(from_port)?;
        let (stop, _) = watch::channel(false);
        let (writable, _) = watch::channel(true);
        let inner = Arc::new(Inner {
            queue: Arc::new(Queue::default()),
            recorder: Recorder::new(coalesce_reads),
            relays: sinks.into_iter().map(Relay::new).collect(),
            in_flight: InFlight::default(),
            erasing: tokio::sync::Mutex::default(),
            indexer: tokio::sync::Mutex::default(),
            attested: Attested::default(),
            forwarding: Mutex::default(),
            tasks: Mutex::default(),
            database,
            packs,
            store,
            packer: packing.map(Packer::new),
            sealer,
            clock,
            rng,
            schemas,
            ledger,
            writable,
            stop,
        });
        let kernel = Self { inner };
        kernel.spawn_tasks(anchors);
        Ok(kernel)
    }

    fn spawn_tasks(&self, anchors: Vec<AnchorPart>) {
        let inner = &self.inner;
        let stopped = || inner.stop.subscribe();
        let mut followers = vec![
            tokio::spawn(ledger::publish_checkpoints(inner.ledger.clone(), stopped())),
            tokio::spawn(crate::commit::follow_sequence(Arc::clone(inner), stopped())),
            tokio::spawn(crate::recording::flush_strangers(Arc::clone(inner), stopped())),
        ];
        for place in 0..inner.relays.len() {
            followers.push(tokio::spawn(crate::relay::run(Arc::clone(inner), place, stopped())));
        }
        for part in anchors {
            followers.push(tokio::spawn(crate::anchoring::run(self.clone(), part, stopped())));
        }
        let committer = tokio::spawn(crate::commit::commit_batches(Arc::clone(inner)));
        *inner.tasks.lock() = Tasks { committer: Some(committer), followers };
    }

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

    /// Turns newcomers away, finishes what waits, publishes a last checkpoint and ends all tasks.
    pub async fn stop(&self) {
        crate::recording::flush_now(&self.inner);
        self.inner.queue.close();
        let Tasks { committer, followers } = std::mem::take(&mut *self.inner.tasks.lock());
        if let Some(committer) = committer {
            let _ = committer.await;
        }
        self.inner.stop.send_replace(true);
        for follower in followers {
            let _ = follower.await;
        }
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
