//! State that must be durable before anybody is answered: many writers, one commit.

use std::sync::Arc;

use strongroom_kernel::{
    from_port,
    ports::{Batch, Clock, Database, Note, PortError, PortErrorKind},
};
use strongroom_model::{Error, ErrorKind};
use tokio::sync::{mpsc, oneshot};

/// Orders that wait; a newcomer beyond is turned away.
const MOST_WAITING: usize = 4_096;
/// Orders of one commit.
const MOST_TOGETHER: usize = 1_024;
/// Notes of one page at the start.
const PAGE: usize = 1_000;

/// Notes that belong together, and who waits for them.
struct Order {
    notes: Vec<Note>,
    done: oneshot::Sender<Option<PortErrorKind>>,
}

/// Writes notes, durably and in the order in which they were handed over. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Keeper {
    database: Arc<dyn Database>,
    orders: mpsc::Sender<Order>,
}

impl Keeper {
    /// Begins to write to `database`, until all clones are gone.
    pub fn start(database: Arc<dyn Database>, clock: Arc<dyn Clock>) -> Self {
        let (orders, waiting) = mpsc::channel(MOST_WAITING);
        tokio::spawn(write(Arc::clone(&database), clock, waiting));
        Self { database, orders }
    }

    /// Hands notes over: their place in the order of writes is fixed when this returns.
    ///
    /// # Errors
    /// `Unavailable` when too many wait already.
    pub(crate) fn put(&self, notes: Vec<Note>) -> Result<Kept, Error> {
        let (done, kept) = oneshot::channel();
        let refused = |_| Error::new(ErrorKind::Unavailable, "too many requests wait, try again");
        self.orders.try_send(Order { notes, done }).map_err(refused)?;
        Ok(Kept(kept))
    }

    /// What is kept under `key`.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.database.note(key).await
    }

    /// Everything whose name begins with `prefix`, in the order of the names.
    pub(crate) async fn all(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, PortError> {
        let mut found = Vec::new();
        let mut after = prefix.to_owned();
        loop {
            let page = self.database.notes(&after, PAGE).await?;
            let full = page.len() == PAGE;
            for (key, value) in page {
                if !key.starts_with(prefix) {
                    return Ok(found);
                }
                after.clone_from(&key);
                found.push((key, value));
            }
            if !full {
                return Ok(found);
            }
        }
    }
}

/// Notes on their way.
#[must_use = "nothing may be answered before they are durable"]
pub(crate) struct Kept(oneshot::Receiver<Option<PortErrorKind>>);

impl Kept {
    /// Waits until they are durable.
    ///
    /// # Errors
    /// `StorageFull` or `Unavailable`: they may be durable or not.
    pub(crate) async fn wait(self) -> Result<(), Error> {
        match self.0.await {
            Ok(None) => Ok(()),
            Ok(Some(PortErrorKind::Full)) => Err(Error::new(ErrorKind::StorageFull, "no space is left")),
            _ => Err(Error::new(ErrorKind::Unavailable, "the state cannot be written, try again")),
        }
    }
}

async fn write(database: Arc<dyn Database>, clock: Arc<dyn Clock>, mut waiting: mpsc::Receiver<Order>) {
    let mut orders = Vec::new();
    while waiting.recv_many(&mut orders, MOST_TOGETHER).await > 0 {
        let notes = orders.iter_mut().flat_map(|order| std::mem::take(&mut order.notes)).collect();
        let batch = Batch { time: clock.now(), units: Vec::new(), notes, packs: None };
        let outcome = match database.commit(batch).await {
            Ok(_) => None,
            Err(error) => {
                let kind = error.kind;
                tracing::error!(error = %from_port(error).diagnosis(), "state not written");
                Some(kind)
            }
        };
        for order in orders.drain(..) {
            // whoever has gone away wants no answer
            let _ = order.done.send(outcome);
        }
    }
}
