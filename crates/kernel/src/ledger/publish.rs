//! Writes full tiles and signs checkpoints, a moment behind the commits.

use std::{sync::Arc, time::Duration};

use futures::future::try_join_all;
use strongroom_ledger::{Checkpoint, Hash, Signer, Tile};
use tokio::sync::watch;

use crate::ports::PortError;

use super::LedgerView;

/// Between two checkpoints, so that one signature covers many commits; half of the promised 50 ms goes to
/// scheduling and writing.
const RHYTHM: Duration = Duration::from_millis(20);
/// Tiles that are written at once: each is synced, and syncs of the same moment are one for the disk.
const TOGETHER: usize = 16;
/// After a store failed.
const RETRY: Duration = Duration::from_millis(500);

/// A checkpoint as the world sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Leaves it covers.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
    /// The signed note (`c2sp.org/tlog-checkpoint`).
    pub text: String,
}

impl Published {
    pub(super) fn sign(origin: &str, size: u64, root: Hash, signer: &Signer) -> Self {
        let checkpoint =
            Checkpoint::new(origin, size, root).expect("the origin was checked when the ledger was opened");
        Self { size, root, text: checkpoint.sign(signer).to_string() }
    }
}

/// Publishes until `stop` says so, then once more.
pub(crate) async fn publish_checkpoints(view: LedgerView, mut stop: watch::Receiver<bool>) {
    loop {
        let stopping = tokio::select! {
            () = view.inner.grown.notified() => false,
            _ = stop.wait_for(|stop| *stop) => true,
        };
        match view.publish().await {
            Ok(()) => {}
            Err(error) => {
                tracing::error!(error = %error, source = ?error.source, "checkpoint not published");
                view.inner.grown.notify_one();
                tokio::time::sleep(RETRY).await;
            }
        }
        if stopping {
            return;
        }
        tokio::time::sleep(RHYTHM).await;
    }
}

impl LedgerView {
    /// Writes what is full, then signs and publishes the tree as it stands.
    pub(crate) async fn publish(&self) -> Result<(), PortError> {
        self.write_tiles().await?;
        if self.size() == self.published().size {
            return Ok(());
        }
        self.announce(self.sign_now()).await
    }

    /// The checkpoint of the tree as it stands.
    pub(super) fn sign_now(&self) -> Published {
        let (size, root) = {
            let tree = self.inner.tree.read();
            (tree.state.size(), tree.state.root())
        };
        Published::sign(&self.inner.origin, size, root, &self.inner.signer)
    }

    /// Stores a checkpoint and shows it to readers.
    pub(super) async fn announce(&self, published: Published) -> Result<(), PortError> {
        self.inner.tiles.write("checkpoint", published.text.as_bytes()).await?;
        if let Some(copy) = &self.inner.copy {
            // the outside copy is a watchman, not a part of the service: its failure is loud, not fatal
            if let Err(error) = copy.write("checkpoint", published.text.as_bytes()).await {
                tracing::error!(error = %error, source = ?error.source, "outside copy of the checkpoint not written");
            }
        }
        self.inner.published.send_replace(Arc::new(published));
        Ok(())
    }

    async fn write_tiles(&self) -> Result<(), PortError> {
        let unwritten: Vec<_> =
            self.inner.tree.read().unwritten.iter().map(|(tile, bytes)| (*tile, Arc::clone(bytes))).collect();
        for some in unwritten.chunks(TOGETHER) {
            let writes: Vec<_> = some.iter().map(|(tile, bytes)| self.write_tile(*tile, bytes)).collect();
            try_join_all(writes).await?;
        }
        Ok(())
    }

    async fn write_tile(&self, tile: Tile, bytes: &[u8]) -> Result<(), PortError> {
        self.inner.tiles.write(&tile.to_string(), bytes).await?;
        self.inner.tree.write().unwritten.remove(&tile);
        Ok(())
    }
}
