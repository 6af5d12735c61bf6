//! Tiles: the tree as static files of 256 hashes, and the entries in bundles of 256 (`c2sp.org/tlog-tiles`).
//!
//! This file has the coordinates of a tile, `path.rs` their text form; [`encode_bundle`] and [`decode_bundle`]
//! are for the entries, [`TileHashReader`] leads from tiles to proofs, [`TileState`] has the tiles not yet full. Where tiles are stored and how they are served is not here.

mod bundle;
mod current;
mod path;
mod reader;
mod state;

pub use bundle::{BundleError, MAX_ENTRY_BYTES, decode_bundle, encode_bundle};
pub use current::CurrentTiles;
pub use path::TilePathError;
pub use reader::{TileHashReader, TileReadError, TileReader};
pub use state::{TileData, TileState};

use std::ops::Range;

use crate::hash::{HASH_SIZE, Hash};

/// Levels of the tree in one tile: a tile has 2⁸ hashes.
pub const TILE_HEIGHT: u8 = 8;
/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u16 = 1 << TILE_HEIGHT;
/// Length of a full hash tile, in bytes.
pub const TILE_BYTES: usize = TILE_WIDTH as usize * HASH_SIZE;
/// Highest tile level that has a text form; no tree of [`crate::MAX_SIZE`] leaves gets above level 7.
pub const MAX_TILE_LEVEL: u8 = 63;
/// Highest tile index: that of the last tile of level 0 in the largest tree.
pub const MAX_TILE_INDEX: u64 = crate::MAX_SIZE >> TILE_HEIGHT;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of the subtrees of 256^level leaves; level 0 holds leaf hashes. At most [`MAX_TILE_LEVEL`].
    Hashes {
        /// Tile level, counted in steps of eight tree levels.
        level: u8,
    },
    /// The entries themselves, beside the tile of level 0 with the same index.
    Entries,
}

impl TileKind {
    /// Tile level: that of the hashes, 0 for entries.
    pub const fn level(self) -> u8 {
        match self {
            Self::Hashes { level } => level,
            Self::Entries => 0,
        }
    }
}

/// Coordinates of one tile or entry bundle, full or partial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    kind: TileKind,
    index: u64,
    width: u16,
}

impl Tile {
    /// The full tile at a place.
    ///
    /// # Errors
    /// [`TilePathError::Level`] or [`TilePathError::Index`] above [`MAX_TILE_LEVEL`] or [`MAX_TILE_INDEX`].
    pub const fn full(kind: TileKind, index: u64) -> Result<Self, TilePathError> {
        if kind.level() > MAX_TILE_LEVEL {
            return Err(TilePathError::Level);
        }
        if index > MAX_TILE_INDEX {
            return Err(TilePathError::Index);
        }
        Ok(Self { kind, index, width: TILE_WIDTH })
    }

    /// The tile at a place as it is in a tree of `size` leaves: full, partial, or `None` where it is empty.
    pub fn in_tree(kind: TileKind, index: u64, size: u64) -> Option<Self> {
        let full = Self::full(kind, index).ok()?;
        let hashes = hashes_at(kind.level(), size).checked_sub(index << TILE_HEIGHT)?;
        let width = u16::try_from(hashes).unwrap_or(TILE_WIDTH).min(TILE_WIDTH);
        full.with_width(width)
    }

    /// All tiles of hashes of a tree of `size` leaves, level by level, each level from left to right.
    pub fn all_hashes(size: u64) -> impl Iterator<Item = Self> {
        (0..=MAX_TILE_LEVEL)
            .take_while(move |&level| hashes_at(level, size) > 0)
            .flat_map(move |level| Self::all_of(TileKind::Hashes { level }, size))
    }

    /// All entry bundles of a tree of `size` leaves, from left to right.
    pub fn all_entries(size: u64) -> impl Iterator<Item = Self> {
        Self::all_of(TileKind::Entries, size)
    }

    fn all_of(kind: TileKind, size: u64) -> impl Iterator<Item = Self> {
        let count = hashes_at(kind.level(), size).div_ceil(u64::from(TILE_WIDTH));
        (0..count).filter_map(move |index| Self::in_tree(kind, index, size))
    }

    /// The same tile cut to `width` hashes or entries; `None` unless `1 <= width <= 256`.
    #[must_use]
    pub const fn with_width(self, width: u16) -> Option<Self> {
        if width == 0 || width > TILE_WIDTH {
            return None;
        }
        Some(Self { width, ..self })
    }

    /// The full tile at the same place.
    #[must_use]
    pub const fn filled(self) -> Self {
        Self { width: TILE_WIDTH, ..self }
    }

    /// What the tile holds.
    pub const fn kind(self) -> TileKind {
        self.kind
    }

    /// Place within the level, from 0, at most [`MAX_TILE_INDEX`].
    pub const fn index(self) -> u64 {
        self.index
    }

    /// Hashes or entries in the tile: 1 to 256.
    pub const fn width(self) -> u16 {
        self.width
    }

    /// Whether all 256 are there, so that the tile never changes again.
    pub const fn is_full(self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The leaves below the tile, as far as it is filled; `None` when they are beyond the largest tree.
    pub fn leaves(self) -> Option<Range<u64>> {
        let shift = u32::from(self.kind.level()) * u32::from(TILE_HEIGHT);
        let first = self.index << TILE_HEIGHT;
        let scale = |count: u64| {
            let scaled = count.checked_shl(shift).filter(|scaled| scaled >> shift == count);
            scaled.filter(|&scaled| scaled <= crate::MAX_SIZE)
        };
        Some(scale(first)?..scale(first + u64::from(self.width))?)
    }
}

/// Hashes that level `level` of the tiles has in a tree of `size` leaves.
const fn hashes_at(level: u8, size: u64) -> u64 {
    size.unbounded_shr(level as u32 * TILE_HEIGHT as u32)
}

/// The bytes of a hash tile.
pub fn encode_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(Hash::as_bytes).copied().collect()
}

/// The hashes in the bytes of a hash tile; bytes after the last whole hash are left out.
pub fn decode_hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes.as_chunks().0.iter().copied().map(Hash::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_of_70000_leaves_has_the_tiles_of_the_specification() {
        let count = |level: u8, width: u16| {
            Tile::all_hashes(70_000)
                .filter(|tile| tile.kind().level() == level && tile.width() == width)
                .count()
        };
        assert_eq!((count(0, 256), count(0, 112)), (273, 1));
        assert_eq!((count(1, 256), count(1, 17)), (1, 1));
        assert_eq!(count(2, 1), 1);
        assert_eq!(Tile::all_hashes(70_000).count(), 277);
        assert_eq!(Tile::all_entries(70_000).count(), 274);
    }

    #[test]
    fn a_full_tile_starts_the_next_level() {
        let tiles: Vec<_> = Tile::all_hashes(256).map(|tile| (tile.kind().level(), tile.width())).collect();
        assert_eq!(tiles, [(0, 256), (1, 1)]);
        assert_eq!(Tile::in_tree(TileKind::Entries, 1, 256), None);
        assert_eq!(Tile::all_hashes(0).count(), 0);
    }

    #[test]
    fn a_tile_knows_the_leaves_below_it() {
        let tile = Tile::in_tree(TileKind::Hashes { level: 1 }, 1, 70_000).unwrap();
        assert_eq!(tile.leaves(), Some(65_536..65_536 + 17 * 256));
        assert_eq!(Tile::full(TileKind::Hashes { level: 8 }, 0).unwrap().leaves(), None);
        assert_eq!(Tile::full(TileKind::Hashes { level: 7 }, 1 << 20).unwrap().leaves(), None);
        let last = Tile::full(TileKind::Entries, MAX_TILE_INDEX).unwrap();
        assert_eq!(last.leaves(), None);
        assert_eq!(
            last.with_width(255).and_then(Tile::leaves).map(|leaves| leaves.end),
            Some(crate::MAX_SIZE)
        );
    }
}
