//! How a kernel starts and stops.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use strongroom_ledger::Signer;
use strongroom_model::Error;
use tokio::sync::watch;

use crate::{
    anchoring::{self, AnchorPart},
    commit,
    error::from_port,
    kernel::{Attested, InFlight, Inner, Kernel, Packer, PackingPart, Recorder, Relay, SinkPart, Tasks},
    ledger,
    ports::{Clock, ContentStore, Database, Packs, PortError, Rng, Sealer, TileStore},
    queue::Queue,
    recording, relay,
    row::Schema,
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

/// Cuts off what a crash left behind the last committed position.
async fn recover_packs(database: &dyn Database, packs: Option<&Arc<dyn Packs>>) -> Result<(), PortError> {
    let Some(packs) = packs.map(Arc::clone) else { return Ok(()) };
    let end = database.pack_end().await?;
    tokio::task::spawn_blocking(move || packs.recover(end))
        .await
        .map_err(|error| PortError::unavailable("recover the packs").with_source(error))?
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
            tokio::spawn(commit::follow_sequence(Arc::clone(inner), stopped())),
            tokio::spawn(recording::flush_strangers(Arc::clone(inner), stopped())),
        ];
        for place in 0..inner.relays.len() {
            followers.push(tokio::spawn(relay::run(Arc::clone(inner), place, stopped())));
        }
        for part in anchors {
            followers.push(tokio::spawn(anchoring::run(self.clone(), part, stopped())));
        }
        let committer = tokio::spawn(commit::commit_batches(Arc::clone(inner)));
        *inner.tasks.lock() = Tasks { committer: Some(committer), followers };
    }

    /// Turns newcomers away, finishes what waits, publishes a last checkpoint and ends all tasks.
    pub async fn stop(&self) {
        recording::flush_now(&self.inner);
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
}
