//! Inclusion proofs from stored tiles; what is not stored is computed from the leaves.

use std::{future::Future, pin::Pin, sync::Arc};

use anyhow::{Context as _, Result, bail};
use strongroom_kernel::ports::{Database, PortError, TileStore};
use strongroom_ledger::{
    Checkpoint, Frontier, Hash, Note, Tile, TileHashReader, TileKind, TileReader, TlogProof, Verifier,
    inclusion_proof, leaf_hash,
    tile::{TILE_BYTES, TILE_WIDTH, decode_hashes, encode_hashes},
};
use tokio::runtime::Handle;

use crate::assemble::Stores;

/// Proofs of the leaves at `indexes` under the published checkpoint.
///
/// # Errors
/// When the checkpoint does not verify under `verifier` or does not cover an index.
pub(crate) async fn prove(stores: &Stores, verifier: &Verifier, indexes: &[u64]) -> Result<Vec<TlogProof>> {
    let origin = verifier.name().to_string();
    let open = |signed: &[u8]| {
        let opened = Checkpoint::open(signed, &origin, std::slice::from_ref(verifier));
        opened.map(|(checkpoint, _)| checkpoint).context("the published checkpoint does not verify")
    };
    let mut signed = stores.tiles.read("checkpoint").await?.context("no checkpoint was published yet")?;
    let mut checkpoint = open(&signed)?;
    // one that witnesses cosigned proves more
    if let Some(cosigned) = stores.tiles.read("checkpoint.cosigned").await? {
        let covers = open(&cosigned)?;
        if indexes.iter().all(|index| *index < covers.size()) {
            (signed, checkpoint) = (cosigned, covers);
        }
    }
    let size = checkpoint.size();
    if let Some(beyond) = indexes.iter().find(|index| **index >= size) {
        bail!("the published checkpoint covers {size} leaves, there is no proof for {beyond} yet");
    }
    let note = Note::parse(&signed).context("read the published checkpoint")?;
    let tiles = StoredTiles::of(stores);
    let indexes = indexes.to_vec();
    let work = move || {
        let reader = TileHashReader::new(tiles, size);
        indexes
            .into_iter()
            .map(|index| Ok(TlogProof::new(index, inclusion_proof(&reader, index, size)?, note.clone())?))
            .collect()
    };
    tokio::task::spawn_blocking(work).await.context("make proofs")?
}

/// Tiles for the synchronous proof code, which must not run on an async worker.
pub(crate) struct StoredTiles {
    database: Arc<dyn Database>,
    tiles: Arc<dyn TileStore>,
    runtime: Handle,
}

impl TileReader for StoredTiles {
    type Error = PortError;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, PortError> {
        self.runtime.block_on(self.read(tile))
    }
}

impl StoredTiles {
    /// The tiles of `stores`; called where an async runtime is.
    pub(crate) fn of(stores: &Stores) -> Self {
        Self {
            database: Arc::clone(&stores.database),
            tiles: Arc::clone(&stores.tiles),
            runtime: Handle::current(),
        }
    }

    /// The stored tile, or the one its leaves make.
    fn read(&self, tile: Tile) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, PortError>> + Send + '_>> {
        Box::pin(async move {
            match self.tiles.read(&tile.filled().to_string()).await? {
                Some(bytes) if bytes.len() == TILE_BYTES => Ok(bytes),
                _ => self.derive(tile).await,
            }
        })
    }

    async fn derive(&self, tile: Tile) -> Result<Vec<u8>, PortError> {
        let first = tile.index() * u64::from(TILE_WIDTH);
        let width = usize::from(tile.width());
        let hashes: Vec<Hash> = match tile.kind() {
            TileKind::Entries => return Err(PortError::refused("make a proof from entries")),
            TileKind::Hashes { level: 0 } => {
                let leaves = self.database.leaves(first, width).await?;
                leaves.iter().map(|leaf| leaf_hash(leaf)).collect()
            }
            TileKind::Hashes { level } => {
                let mut roots = Vec::with_capacity(width);
                for index in (first..).take(width) {
                    let child = Tile::full(TileKind::Hashes { level: level - 1 }, index)
                        .map_err(|error| PortError::corrupt("name a tile").with_source(error))?;
                    roots.push(root_of(&self.read(child).await?));
                }
                roots
            }
        };
        if hashes.len() != width {
            return Err(PortError::corrupt(format!("leaves of {tile} are missing")));
        }
        Ok(encode_hashes(&hashes))
    }
}

/// The root over the hashes of a full tile.
fn root_of(tile: &[u8]) -> Hash {
    let mut frontier = Frontier::new();
    frontier.extend(decode_hashes(tile));
    frontier.root()
}
