//! Where full tiles and the published checkpoint are kept.

use std::fmt::Debug;

use async_trait::async_trait;

use super::PortError;

/// Keeps full tiles and the published checkpoint under their public paths (`c2sp.org/tlog-tiles`).
///
/// Tiles derive from the records: one that is lost is made again, so a write need not be durable when it
/// returns. A reader never sees half a file. Paths are the tile paths of `strongroom-ledger`, `checkpoint`
/// and `checkpoint.cosigned` among them; nothing else is asked for.
#[async_trait]
pub trait TileStore: Debug + Send + Sync {
    /// Stores `content` under `path`, replacing what was there.
    ///
    /// # Errors
    /// `Full` or `Unavailable`; the old content is then still there, whole.
    async fn write(&self, path: &str, content: &[u8]) -> Result<(), PortError>;

    /// What is stored under `path`.
    ///
    /// # Errors
    /// `Unavailable` when that cannot be told.
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, PortError>;
}
