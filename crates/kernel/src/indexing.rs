//! The index of terms beside the running kernel: who builds it, and who asks it.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use strongroom_model::Error;
use tokio::sync::watch;

use crate::{
    error::from_port,
    index::{self, Found, TermKind},
    kernel::Kernel,
    ports::{PortError, StoredRecord},
};

/// How long leaves gather before they are indexed, unless somebody asks.
const GATHER: Duration = Duration::from_secs(1);
/// After each step the worker rests this many times as long as it took: writers come first.
const REST: u32 = 9;
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(2);
/// Records behind the index that one search reads itself.
const READ_BEHIND: u64 = 4_096;

impl Kernel {
    /// Has the index cover the first `end` leaves, for at most `patience`; returns how many it covers.
    ///
    /// # Errors
    /// `Unavailable`, `StorageFull`.
    pub async fn index_up_to(&self, end: u64, patience: Duration) -> Result<u64, Error> {
        let begun = Instant::now();
        let database = self.inner.database.as_ref();
        loop {
            let mut indexer = self.inner.indexer.lock().await;
            let covered = indexer.covered(database).await.map_err(from_port)?;
            if covered >= end || begun.elapsed() >= patience {
                return Ok(covered);
            }
            if indexer.append(database, end).await.map_err(from_port)? == 0 {
                return Ok(covered);
            }
        }
    }

    /// The leaves within `range` whose records name `name`, in order, at most `limit`. The index should cover the
    /// range, see [`Kernel::index_up_to`]; behind it a few thousand records are read, then the answer ends early.
    ///
    /// # Errors
    /// `Unavailable`; `Internal` when the index cannot be read, `rebuild` makes it again.
    pub async fn find_leaves(
        &self,
        kind: TermKind,
        name: &str,
        range: Range<u64>,
        limit: usize,
    ) -> Result<Found, Error> {
        let database = self.inner.database.as_ref();
        index::find(database, kind, name, range, limit, READ_BEHIND).await.map_err(from_port)
    }

    /// Takes out of the index what `changed` records (as they are, as they will be) no longer name; to be called
    /// before their openings are destroyed, and safe to call again. See [`index::forget`].
    ///
    /// # Errors
    /// `Unavailable`, `StorageFull`, `Internal` when a record or the index cannot be read.
    pub async fn forget_names(&self, changed: &[(StoredRecord, StoredRecord)]) -> Result<u64, Error> {
        let mut indexer = self.inner.indexer.lock().await;
        index::forget(self.inner.database.as_ref(), &mut indexer, changed).await.map_err(from_port)
    }

    /// Indexes what is published, and keeps the index short, until `stop` says so. It takes about a tenth of one core
    /// at most, so it falls behind a long burst of writes and catches up after it; who asks does not wait for it.
    pub async fn follow_index(self, mut stop: watch::Receiver<bool>) {
        let mut published = self.ledger().watch();
        loop {
            let rest = match self.index_a_little().await {
                Ok(Some(took)) => (took * REST).min(LONGEST_REST),
                Ok(None) => {
                    tokio::select! {
                        changed = published.changed() => if changed.is_err() { return },
                        _ = stop.wait_for(|stop| *stop) => return,
                    }
                    GATHER
                }
                Err(error) => {
                    tracing::warn!(%error, source = ?error.source, "index not built, tried again later");
                    LONGEST_REST
                }
            };
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// One step; says how long it took, or that there was nothing to do.
    async fn index_a_little(&self) -> Result<Option<Duration>, PortError> {
        let database = self.inner.database.as_ref();
        let mut indexer = self.inner.indexer.lock().await;
        let begun = Instant::now();
        let end = self.ledger().published().size;
        if indexer.tidy(database).await? || indexer.append(database, end).await? > 0 {
            return Ok(Some(begun.elapsed()));
        }
        Ok(None)
    }
}
