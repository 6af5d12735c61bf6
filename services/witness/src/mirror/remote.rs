//! The log's own tiles, for making proofs. Nothing read here is believed: every proof is verified.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use strongroom_kernel::ports::{LogSource, PortError};
use strongroom_ledger::{
    Hash, Tile, TileHashReader, TileKind, TileReader, consistency_proof,
    proof::subtree_proof,
    tile::{TILE_WIDTH, decode_bundle},
};
use tokio::runtime::Handle;

/// Tiles of hashes kept in memory: enough for one on each level and its neighbour.
const MOST_TILES: usize = 64;

/// The tree of `size` leaves as the log publishes it.
#[derive(Debug, Clone)]
pub(super) struct Remote {
    tiles: Arc<Tiles>,
    size: u64,
}

#[derive(Debug)]
struct Tiles {
    source: Arc<dyn LogSource>,
    runtime: Handle,
    read: Mutex<HashMap<Tile, Vec<u8>>>,
}

impl Remote {
    pub(super) fn new(source: Arc<dyn LogSource>, size: u64) -> Self {
        let tiles = Tiles { source, runtime: Handle::current(), read: Mutex::default() };
        Self { tiles: Arc::new(tiles), size }
    }

    /// The proof that the tree continues that of `old` leaves; none from the empty tree, nor to the same size.
    pub(super) async fn consistency(&self, old: u64) -> Result<Vec<Hash>, PortError> {
        if old == 0 || old == self.size {
            return Ok(Vec::new());
        }
        let size = self.size;
        self.blocking(move |reader| consistency_proof(&reader, old, size).map_err(unproven)).await
    }

    /// The proof for the leaves `start..end`.
    pub(super) async fn subtree(&self, start: u64, end: u64) -> Result<Vec<Hash>, PortError> {
        let size = self.size;
        self.blocking(move |reader| subtree_proof(&reader, start..end, size).map_err(unproven)).await
    }

    /// The entries of a bundle, as many as a tree of this size has there.
    pub(super) async fn entries(&self, index: u64) -> Result<Vec<Vec<u8>>, PortError> {
        let beyond = || PortError::refused("read a bundle beyond the tree");
        let tile = Tile::in_tree(TileKind::Entries, index, self.size).ok_or_else(beyond)?;
        let (bytes, width) = match self.tiles.source.get(&tile.to_string()).await? {
            Some(bytes) => (bytes, tile.width()),
            None if tile.is_full() => return Err(absent(tile)),
            // the log has grown and dropped the partial bundle
            None => {
                let full = self.tiles.source.get(&tile.filled().to_string()).await?;
                (full.ok_or_else(|| absent(tile))?, TILE_WIDTH)
            }
        };
        let entries = decode_bundle(&bytes, width);
        let entries =
            entries.map_err(|error| PortError::corrupt(format!("read {tile}")).with_source(error))?;
        Ok(entries.into_iter().take(usize::from(tile.width())).map(<[u8]>::to_vec).collect())
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(TileHashReader<Self>) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let reader = TileHashReader::new(self.clone(), self.size);
        let done = tokio::task::spawn_blocking(move || work(reader)).await;
        done.map_err(|error| PortError::unavailable("make a proof").with_source(error))?
    }
}

impl TileReader for Remote {
    type Error = PortError;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, PortError> {
        let tiles = &self.tiles;
        if let Some(bytes) = tiles.read.lock().get(&tile) {
            return Ok(bytes.clone());
        }
        let bytes = tiles.runtime.block_on(async {
            match tiles.source.get(&tile.to_string()).await? {
                Some(bytes) => Ok(bytes),
                None if tile.is_full() => Err(absent(tile)),
                None => tiles.source.get(&tile.filled().to_string()).await?.ok_or_else(|| absent(tile)),
            }
        })?;
        let mut read = tiles.read.lock();
        if read.len() >= MOST_TILES {
            read.clear();
        }
        read.insert(tile, bytes.clone());
        Ok(bytes)
    }
}

fn absent(tile: Tile) -> PortError {
    PortError::missing(format!("the log does not serve {tile}"))
}

fn unproven(error: impl std::error::Error + Send + Sync + 'static) -> PortError {
    PortError::unavailable("make a proof from the log's tiles").with_source(error)
}
