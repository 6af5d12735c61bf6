//! The tiles that are not yet full, in memory: what a log needs to go on appending.
//!
//! Full tiles are handed out once and forgotten. At most 255 hashes per level are kept, 24 KiB for a thousand
//! million leaves. [`super::CurrentTiles`] joins them with the full tiles stored elsewhere.

use super::reader::{TileReadError, TileReader, perfect_root, read_hashes};
use super::{MAX_TILE_LEVEL, TILE_HEIGHT, TILE_WIDTH, Tile, TileKind, encode_hashes};
use crate::hash::{HASH_SIZE, Hash};
use crate::tree::Frontier;

/// A tile with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileData {
    /// Where it belongs.
    pub tile: Tile,
    /// 32 bytes for each hash of its width.
    pub bytes: Vec<u8>,
}

/// A tree of known size as its frontier and its unfinished tiles.
///
/// `Clone` is cheap: keep a copy before a batch that may have to be undone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TileState {
    frontier: Frontier,
    /// The hashes of the unfinished tile of each level.
    unfinished: Vec<Vec<Hash>>,
}

impl TileState {
    /// The state of the empty tree.
    pub const fn new() -> Self {
        Self { frontier: Frontier::new(), unfinished: Vec::new() }
    }

    /// The state after these leaves; the full tiles on the way are dropped.
    pub fn from_leaf_hashes(leaves: impl IntoIterator<Item = Hash>) -> Self {
        let mut state = Self::new();
        for leaf in leaves {
            state.push(leaf, |_| ());
        }
        state
    }

    /// Restores the state of a tree of `size` leaves from its rightmost tile of each level.
    ///
    /// Compare [`TileState::root`] with the checkpoint of that size afterwards: bytes are taken as they are.
    ///
    /// # Errors
    /// When a tile cannot be read or has the wrong length, or `size` is above [`crate::MAX_SIZE`].
    pub fn restore<R: TileReader>(size: u64, tiles: &R) -> Result<Self, TileReadError<R::Error>> {
        let mut unfinished = Vec::new();
        for level in 0..=MAX_TILE_LEVEL {
            let hashes = super::hashes_at(level, size);
            if hashes == 0 {
                break;
            }
            let index = hashes >> TILE_HEIGHT;
            let tile = Tile::in_tree(TileKind::Hashes { level }, index, size);
            unfinished.push(tile.map_or(Ok(Vec::new()), |tile| read_hashes(tiles, tile))?);
        }
        let roots = Frontier::nodes(size).filter_map(|node| {
            let tile = unfinished.get(usize::from(node.level / TILE_HEIGHT))?;
            let below = node.level % TILE_HEIGHT;
            let start = usize::try_from((node.index << below) % u64::from(TILE_WIDTH)).ok()?;
            perfect_root(tile.get(start..start + (1 << below))?)
        });
        let frontier = Frontier::from_parts(size, roots.collect());
        let outside = TileReadError::OutsideTree { node: crate::NodeId::leaf(size), size };
        Ok(Self { frontier: frontier.ok_or(outside)?, unfinished })
    }

    /// Number of leaves.
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Root of the tree, in a few node hashes.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The frontier of the same tree.
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Appends leaves by their hashes and returns the tiles that became full, each after those below it.
    pub fn extend(&mut self, leaves: impl IntoIterator<Item = Hash>) -> Vec<TileData> {
        let mut full = Vec::new();
        for leaf in leaves {
            self.push(leaf, |tile| full.push(tile));
        }
        full
    }

    fn push(&mut self, leaf: Hash, mut full: impl FnMut(TileData)) {
        let Self { frontier, unfinished } = self;
        add(unfinished, 0, frontier.size(), leaf, &mut full);
        frontier.push_with(leaf, |node, hash| {
            if node.level % TILE_HEIGHT == 0 {
                add(unfinished, node.level / TILE_HEIGHT, node.index, hash, &mut full);
            }
        });
    }

    /// The partial tiles of the tree at its present size, from the lowest level up.
    pub fn partial_tiles(&self) -> Vec<TileData> {
        let tiles = (0..=MAX_TILE_LEVEL).zip(&self.unfinished).filter_map(|(level, hashes)| {
            let index = super::hashes_at(level, self.size()) >> TILE_HEIGHT;
            let tile = Tile::in_tree(TileKind::Hashes { level }, index, self.size())?;
            Some(TileData { tile, bytes: encode_hashes(hashes) })
        });
        tiles.collect()
    }

    /// The bytes of an unfinished tile, cut to the width asked for, which may be that of an earlier size.
    ///
    /// `None` for full tiles, entry bundles, and widths not yet reached.
    pub fn partial(&self, tile: Tile) -> Option<Vec<u8>> {
        let TileKind::Hashes { level } = tile.kind() else { return None };
        if tile.index() != super::hashes_at(level, self.size()) >> TILE_HEIGHT {
            return None;
        }
        let hashes = self.unfinished.get(usize::from(level))?;
        hashes.get(..usize::from(tile.width())).map(encode_hashes)
    }
}

/// Puts a hash into the unfinished tile of its level, and hands that tile out when it is full.
fn add(unfinished: &mut Vec<Vec<Hash>>, level: u8, place: u64, hash: Hash, full: &mut impl FnMut(TileData)) {
    if unfinished.len() <= usize::from(level) {
        unfinished.resize_with(usize::from(level) + 1, Vec::new);
    }
    let hashes = &mut unfinished[usize::from(level)];
    hashes.push(hash);
    if hashes.len() == usize::from(TILE_WIDTH) {
        let tile = Tile { kind: TileKind::Hashes { level }, index: place >> TILE_HEIGHT, width: TILE_WIDTH };
        let mut bytes = Vec::with_capacity(hashes.len() * HASH_SIZE);
        hashes.drain(..).for_each(|hash| bytes.extend_from_slice(hash.as_bytes()));
        full(TileData { tile, bytes });
    }
}
