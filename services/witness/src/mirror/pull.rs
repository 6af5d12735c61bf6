//! Asking a log for what is new: its checkpoint, then every bundle up to it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use strongroom_kernel::{
    from_port,
    ports::{LogSource, PortError},
};
use strongroom_ledger::{AddCheckpoint, Checkpoint, Note, checkpoint::CheckpointError, tile::TILE_WIDTH};
use tokio::sync::watch;

use super::{
    copy::{Committed, Copy},
    remote::Remote,
    shelf::{Package, Unshelved},
};
use crate::{
    book::{Latest, Refused},
    counts::count,
    evidence::Kind,
};

/// Bundles asked for at the same time.
const ASKED_AT_ONCE: usize = 8;
/// Longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
const WIDTH: u64 = TILE_WIDTH as u64;

/// Why a round did not end with a cosigned copy.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("{0}")]
    Port(String),
    #[error("the log's checkpoint cannot be believed: {0}")]
    Checkpoint(#[from] CheckpointError),
    #[error("the log's checkpoint is refused: {0}")]
    Refused(#[from] Refused),
    #[error("{0}")]
    Unshelved(#[from] Unshelved),
    #[error("the log serves a smaller tree than its checkpoint of {seen} leaves, with another history")]
    Rewritten { seen: u64 },
    #[error("the copied entries do not make the tree of the checkpoint; they are fetched again")]
    OtherTree,
}

impl From<PortError> for Failed {
    fn from(error: PortError) -> Self {
        Self::Port(from_port(error).diagnosis())
    }
}

/// Asks on a rhythm, or as soon as somebody brings a checkpoint, until `stop` says true.
pub(super) async fn run(copy: Arc<Copy>, source: Arc<dyn LogSource>, mut stop: watch::Receiver<bool>) {
    let mut failures = 0_u32;
    loop {
        let outcome = tokio::select! {
            outcome = round(&copy, &source) => outcome,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        copy.set_failing(outcome.is_err());
        match outcome {
            Ok(()) => failures = 0,
            Err(error) => {
                failures += 1;
                tracing::warn!(origin = copy.origin(), %error, "log not copied, tried again later");
            }
        }
        let pause = (copy.shared.poll * 2_u32.saturating_pow(failures.min(12))).min(LONGEST_PAUSE);
        tokio::select! {
            () = tokio::time::sleep(pause.max(copy.shared.poll)) => {}
            () = copy.moved.notified() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// One look at the log, and everything that follows from it.
async fn round(copy: &Arc<Copy>, source: &Arc<dyn LogSource>) -> Result<(), Failed> {
    look(copy, source).await?;
    let Some(latest) = copy.pending.shown() else { return Ok(()) };
    if copy.shown().is_some_and(|shown| shown.size >= latest.checkpoint.size()) {
        return Ok(());
    }
    fetch(copy, source, &latest).await
}

/// Reads the log's checkpoint and moves the pending one.
async fn look(copy: &Arc<Copy>, source: &Arc<dyn LogSource>) -> Result<(), Failed> {
    let signed = source.get("checkpoint").await?;
    let signed = signed.ok_or_else(|| PortError::missing("read the log's checkpoint: there is none"))?;
    let log = copy.pending.log();
    let (checkpoint, note) = Checkpoint::open(&signed, log.origin(), log.keys())?;
    let pending = copy.pending.shown();
    let seen = pending.as_ref().map_or(0, |latest| latest.checkpoint.size());
    if let Some(latest) = &pending
        && checkpoint.size() < seen
    {
        return behind(copy, latest, &checkpoint, &note).await;
    }
    if pending.is_some_and(|latest| latest.checkpoint == checkpoint) {
        return Ok(());
    }
    let remote = Remote::new(Arc::clone(source), checkpoint.size());
    // a log that rewrote its history can make no such proof; what it can make is refused and reported
    let proof = remote.consistency(seen).await.unwrap_or_default();
    let request = AddCheckpoint::new(seen, proof, note).map_err(|error| Failed::Port(error.to_string()))?;
    copy.advance(&request).await?;
    Ok(())
}

/// A checkpoint smaller than one seen before: an old one, as caches have it, or another history.
async fn behind(
    copy: &Arc<Copy>,
    latest: &Latest,
    checkpoint: &Checkpoint,
    note: &Note,
) -> Result<(), Failed> {
    let counts = &copy.shared.counts;
    count(&counts.behind);
    let held = copy.shown().map_or(0, |shown| shown.size);
    if checkpoint.size() == 0 || checkpoint.size() > held {
        return Ok(());
    }
    if copy.root_at(checkpoint.size()).await? == checkpoint.root() {
        return Ok(());
    }
    count(&counts.contradictions);
    let keeper = &copy.shared.keeper;
    if copy.pending.evidence.keep(Kind::Contradiction, &latest.note, note, keeper) {
        let (origin, size) = (copy.origin(), checkpoint.size());
        tracing::error!(origin, size, "REWRITTEN: the log signed another history than it did before");
    }
    Err(Failed::Rewritten { seen: latest.checkpoint.size() })
}

/// Fetches all bundles that are missing up to `latest`, then cosigns it.
async fn fetch(copy: &Arc<Copy>, source: &Arc<dyn LogSource>, latest: &Latest) -> Result<(), Failed> {
    let goal = latest.seen();
    let progress = &copy.shared.progress;
    let first = {
        let mut shelf = copy.shelf.lock().await;
        progress.begin("entries copied", goal.size.saturating_sub(shelf.next()));
        if !copy.distrusted.load(Ordering::Relaxed) {
            progress.advance(shelf.take_up(goal.size).await?);
        }
        shelf.next()
    };
    let remote = Remote::new(Arc::clone(source), goal.size);
    let bundles = (first / WIDTH)..goal.size.div_ceil(WIDTH);
    let packages = stream::iter(bundles).map(|index| {
        let remote = remote.clone();
        async move {
            let bundle = index * WIDTH;
            let entries = remote.entries(index).await?;
            let proof = remote.subtree(bundle, bundle + entries.len() as u64).await?;
            Ok::<_, PortError>(Package { start: bundle, entries, proof })
        }
    });
    let mut packages = packages.buffered(ASKED_AT_ONCE);
    while let Some(package) = packages.try_next().await? {
        // for one package only: others may be pushed meanwhile
        let mut shelf = copy.shelf.lock().await;
        let before = shelf.next();
        if let Err(unshelved) = shelf.add(package, goal).await {
            if matches!(unshelved, Unshelved::Unproven(_)) {
                count(&copy.shared.counts.unproven);
            }
            return Err(unshelved.into());
        }
        progress.advance(shelf.next() - before);
    }
    match copy.commit(latest).await? {
        Committed::Cosigned(_) => {
            tracing::info!(origin = copy.origin(), size = goal.size, "log copied and cosigned");
            Ok(())
        }
        Committed::Behind => Ok(()),
        Committed::Incomplete | Committed::OtherTree => Err(Failed::OtherTree),
    }
}
