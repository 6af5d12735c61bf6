//! Tiles made again from what lies below them: level 0 from leaves, a level from the one under it.

use futures::future::BoxFuture;
use strongroom_ledger::{Frontier, Hash, Tile, TileKind, leaf_hash, tile};

use crate::ports::{Database, PortError};

/// Makes the bytes of `tile` from the leaves in the database, through as many levels as it takes.
pub(super) fn derive(database: &dyn Database, tile: Tile) -> BoxFuture<'_, Result<Vec<u8>, PortError>> {
    Box::pin(async move {
        match tile.kind() {
            TileKind::Entries => {
                let leaves = leaves_of(database, tile).await?;
                tile::encode_bundle(leaves.iter().map(Vec::as_slice))
                    .map_err(|error| PortError::corrupt("bundle leaves").with_source(error))
            }
            TileKind::Hashes { level: 0 } => {
                let leaves = leaves_of(database, tile).await?;
                Ok(tile::encode_hashes(&leaves.iter().map(|leaf| leaf_hash(leaf)).collect::<Vec<_>>()))
            }
            TileKind::Hashes { level } => {
                let mut roots = Vec::with_capacity(usize::from(tile.width()));
                for child in children(tile, level) {
                    roots.push(perfect_root(&derive(database, child?).await?));
                }
                Ok(tile::encode_hashes(&roots))
            }
        }
    })
}

/// The full tiles of the level below whose roots are the hashes of `tile`.
pub(super) fn children(tile: Tile, level: u8) -> impl Iterator<Item = Result<Tile, PortError>> {
    let first = tile.index() * u64::from(tile::TILE_WIDTH);
    (0..u64::from(tile.width())).map(move |place| {
        Tile::full(TileKind::Hashes { level: level - 1 }, first + place)
            .map_err(|error| PortError::corrupt("name a tile below").with_source(error))
    })
}

/// Root over the 256 hashes of a full tile.
pub(super) fn perfect_root(bytes: &[u8]) -> Hash {
    tile::decode_hashes(bytes).into_iter().collect::<Frontier>().root()
}

async fn leaves_of(database: &dyn Database, tile: Tile) -> Result<Vec<Vec<u8>>, PortError> {
    let range = tile.leaves().ok_or_else(|| PortError::refused("leaves of a tile beyond the last size"))?;
    let count = usize::from(tile.width());
    let leaves = database.leaves(range.start, count).await?;
    if leaves.len() != count {
        return Err(PortError::corrupt(format!(
            "read {count} leaves from {}: got {}",
            range.start,
            leaves.len()
        )));
    }
    Ok(leaves)
}
