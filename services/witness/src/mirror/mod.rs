//! The mirror: a verified copy of every log it knows, cosigned as far as it is held (`c2sp.org/tlog-mirror`).
//!
//! Per log three things grow one after the other. The *pending checkpoint* is a [`Book`] without signature, moved
//! by `add-checkpoint` or by asking the log. Entries follow bundle by bundle, each proven against the pending
//! checkpoint before it is written (`shelf.rs`). When all are durable, the *mirror checkpoint* is cosigned and
//! shown (`copy.rs`). Entries are fetched from the log (`pull.rs`, by the port [`LogSource`]), or pushed by whoever
//! has them (`push.rs`), or both at once.

mod copy;
mod edge;
mod pull;
mod push;
mod remote;
mod shelf;
mod upload;

use std::{
    collections::HashMap,
    fmt::Debug,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use strongroom_kernel::{
    ports::{Clock, LogSource, PortError, TileStore},
    verify::Progress,
};
use strongroom_ledger::{AddCheckpoint, Cosigner, Verifier};
use tokio::sync::watch;

use crate::{
    book::{Book, Refused},
    counts::{Counts, Figures, count, figure},
    keeper::Keeper,
    logs::KnownLog,
};

pub(crate) use copy::Copy;
pub(crate) use push::Pushed;
pub(crate) use upload::Upload;

/// A log, where its resources are unless they are only pushed, and where its tiles are kept.
pub type MirroredLog = (Arc<KnownLog>, Option<Arc<dyn LogSource>>, Arc<dyn TileStore>);

/// What a mirror is made of.
pub struct MirrorParts {
    /// The logs.
    pub logs: Vec<MirroredLog>,
    /// The mirror's key.
    pub cosigner: Cosigner,
    /// State.
    pub keeper: Keeper,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Between two questions to a log.
    pub poll: Duration,
    /// Who is told how far a long copy is.
    pub progress: Arc<dyn Progress>,
}

impl Debug for MirrorParts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MirrorParts")
    }
}

/// Copies of logs. Cheap to clone.
#[derive(Clone)]
pub struct Mirror {
    inner: Arc<Inner>,
}

struct Inner {
    /// By origin.
    copies: HashMap<String, Arc<Copy>>,
    shared: Arc<Shared>,
}

/// What all copies use.
struct Shared {
    cosigner: Cosigner,
    keeper: Keeper,
    clock: Arc<dyn Clock>,
    counts: Counts,
    poll: Duration,
    progress: Arc<dyn Progress>,
}

impl Mirror {
    /// Opens the copies of all logs.
    ///
    /// # Errors
    /// When what is kept cannot be read, or is not what the mirror cosigned.
    pub async fn open(parts: MirrorParts) -> Result<Self, PortError> {
        let MirrorParts { logs, cosigner, keeper, clock, poll, progress } = parts;
        let shared = Shared { cosigner, keeper, clock, counts: Counts::default(), poll, progress };
        let shared = Arc::new(shared);
        let mut copies = HashMap::new();
        for (log, source, tiles) in logs {
            let origin = log.origin().to_owned();
            let copy = Copy::open(log, source, tiles, Arc::clone(&shared)).await?;
            copies.insert(origin, Arc::new(copy));
        }
        Ok(Self { inner: Arc::new(Inner { copies, shared }) })
    }

    /// The key its cosignatures verify under.
    pub fn verifier(&self) -> Verifier {
        self.inner.shared.cosigner.verifier()
    }

    /// Asks the logs for what is new until `stop` says true.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        let asked = self.inner.copies.values().filter_map(|copy| Some((copy, copy.source.clone()?)));
        let asked = asked.map(|(copy, source)| pull::run(Arc::clone(copy), source, stop.clone()));
        futures::future::join_all(asked).await;
    }

    /// What a metrics page says of it.
    pub fn figures(&self) -> Figures {
        let mut figures = self.inner.shared.counts.figures();
        let copies = || self.inner.copies.values();
        let held: u64 = copies().map(|copy| copy.shown().map_or(0, |shown| shown.size)).sum();
        let known: u64 = copies().map(|copy| copy.pending_size()).sum();
        figures.push(("mirror_logs", "Logs that are copied", figure(copies().len() as u64)));
        figures.push(("mirror_leaves", "Leaves of all logs that are held and cosigned", figure(held)));
        figures.push((
            "mirror_leaves_missing",
            "Leaves that pending checkpoints cover and are not held yet",
            figure(known.saturating_sub(held)),
        ));
        let failing = copies().filter(|copy| copy.is_failing()).count() as u64;
        let unproven = self.inner.shared.counts.unproven_entries.load(Ordering::Relaxed);
        figures.push((
            "mirror_unproven_uploads",
            "Uploads since the start with entries that are not those of the log",
            figure(unproven),
        ));
        figures.push(("mirror_logs_failing", "Logs whose last question or copy failed", figure(failing)));
        figures
    }

    /// Moves the pending checkpoint, without a cosignature. `None`: the log is not known.
    pub(crate) async fn add_checkpoint(&self, request: &AddCheckpoint) -> Option<Result<String, Refused>> {
        let shared = &self.inner.shared;
        let Some(copy) = self.inner.copies.get(request.origin()) else {
            count(&shared.counts.unknown);
            return None;
        };
        Some(copy.advance(request).await.map(|_| String::new()))
    }

    pub(crate) fn copy(&self, hash: &str) -> Option<&Arc<Copy>> {
        self.inner.copies.values().find(|copy| copy.pending().log().hash() == hash)
    }

    pub(crate) fn keeper(&self) -> &Keeper {
        &self.inner.shared.keeper
    }
}

impl Debug for Mirror {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Mirror").field("copies", &self.inner.copies.len()).finish()
    }
}

impl Copy {
    /// The pending checkpoint's book.
    pub(crate) fn pending(&self) -> &Book {
        &self.pending
    }
}
