//! From tiles to node hashes: proofs over a tree that is kept as tiles.
//!
//! Nothing read here is believed: compare [`crate::tree_root`] of this reader with a verified checkpoint
//! before trusting proofs made from it, or verify each proof.

use super::{TILE_BYTES, TILE_HEIGHT, TILE_WIDTH, Tile, TileKind, decode_hashes};
use crate::hash::{HASH_SIZE, Hash};
use crate::node::{self, HashReader, NodeId};

/// Gives the bytes of tiles: the way to a folder, a cache or a server.
pub trait TileReader {
    /// Why a tile could not be read.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Reads one tile of hashes or one entry bundle.
    ///
    /// For a partial tile of hashes the full one may be given instead, since partial tiles may be deleted
    /// once the full one is there.
    ///
    /// # Errors
    /// When the tile is absent or unreadable.
    fn tile(&self, tile: Tile) -> Result<Vec<u8>, Self::Error>;
}

impl<R: TileReader + ?Sized> TileReader for &R {
    type Error = R::Error;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, Self::Error> {
        (**self).tile(tile)
    }
}

/// Why hashes could not be read from tiles.
#[derive(Debug, thiserror::Error)]
pub enum TileReadError<E: std::error::Error + 'static> {
    /// The tile reader failed.
    #[error("read {tile}")]
    Read {
        /// The tile asked for.
        tile: Tile,
        /// What the reader reported.
        source: E,
    },
    /// The tile has another length than its width demands.
    #[error("{tile} has {bytes} bytes")]
    Length {
        /// The tile asked for.
        tile: Tile,
        /// Bytes it has.
        bytes: usize,
    },
    /// The node is not in a tree of this size.
    #[error("node {index} of level {level} is not in a tree of {size} leaves", index = .node.index, level = .node.level)]
    OutsideTree {
        /// The node asked for.
        node: NodeId,
        /// Size of the tree.
        size: u64,
    },
}

/// Reads the first hashes of a tile, as many as its width says.
pub(super) fn read_hashes<R: TileReader>(
    tiles: &R,
    tile: Tile,
) -> Result<Vec<Hash>, TileReadError<R::Error>> {
    let mut bytes = tiles.tile(tile).map_err(|source| TileReadError::Read { tile, source })?;
    let expected = usize::from(tile.width()) * HASH_SIZE;
    if bytes.len() != expected && bytes.len() != TILE_BYTES {
        return Err(TileReadError::Length { tile, bytes: bytes.len() });
    }
    bytes.truncate(expected);
    Ok(decode_hashes(&bytes))
}

/// A [`HashReader`] over the tiles of a tree of known size.
#[derive(Debug, Clone)]
pub struct TileHashReader<R> {
    tiles: R,
    size: u64,
}

impl<R: TileReader> TileHashReader<R> {
    /// Reads the tree of `size` leaves from these tiles, and asks only for tiles that such a tree has.
    pub const fn new(tiles: R, size: u64) -> Self {
        Self { tiles, size }
    }

    /// The tile that holds the hashes below a node, and which of them.
    fn place(&self, node: NodeId) -> Option<(Tile, std::ops::Range<usize>)> {
        let kind = TileKind::Hashes { level: node.level / TILE_HEIGHT };
        let below = node.level % TILE_HEIGHT;
        let first = node.index.checked_mul(1 << below)?;
        let tile = Tile::in_tree(kind, first >> TILE_HEIGHT, self.size)?;
        let start = usize::try_from(first % u64::from(TILE_WIDTH)).ok()?;
        let end = start + (1 << below);
        (end <= usize::from(tile.width())).then_some((tile, start..end))
    }
}

impl<R: TileReader> HashReader for TileHashReader<R> {
    type Error = TileReadError<R::Error>;

    /// Reads each tile once per call, even where several nodes lie in it.
    fn hashes(&self, nodes: &[NodeId]) -> Result<Vec<Hash>, Self::Error> {
        let mut read: Vec<(Tile, Vec<Hash>)> = Vec::new();
        let mut hashes = Vec::with_capacity(nodes.len());
        for &node in nodes {
            let outside = || TileReadError::OutsideTree { node, size: self.size };
            let (tile, range) = self.place(node).ok_or_else(outside)?;
            let known = read.iter().position(|(other, _)| *other == tile);
            let place = known.unwrap_or(read.len());
            if known.is_none() {
                read.push((tile, read_hashes(&self.tiles, tile)?));
            }
            let own = read[place].1.get(range).ok_or_else(outside)?;
            hashes.push(perfect_root(own).ok_or_else(outside)?);
        }
        Ok(hashes)
    }
}

/// Root of a perfect subtree over these hashes: a power of two of them.
pub(super) fn perfect_root(hashes: &[Hash]) -> Option<Hash> {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level.chunks(2).filter_map(node::fold).collect();
    }
    level.first().copied()
}
