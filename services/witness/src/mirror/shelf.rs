//! The growing copy: bundles of entries, each proven before it is written, and the tree they make.
//!
//! Packages may come from several sides at the same time, so what is here already may come again: it is proven all
//! the same, and not written.

use std::{ops::Range, sync::Arc};

use strongroom_kernel::ports::{PortError, TileStore};
use strongroom_ledger::{
    Frontier, Hash, Tile, TileKind, TileState, leaf_hash,
    proof::{ProofError, verify_subtree},
    tile::{self, MAX_TILE_LEVEL, TILE_BYTES, TILE_HEIGHT, TILE_WIDTH},
    witness::Seen,
};

use super::edge::Edge;

const WIDTH: u64 = TILE_WIDTH as u64;

/// Consecutive entries of one bundle, with the proof that they are what a checkpoint covers.
#[derive(Debug)]
pub(super) struct Package {
    /// Index of the first entry; its bundle may have earlier ones, which the shelf must then hold.
    pub(super) start: u64,
    /// The entries: at least one, and none beyond the end of the bundle.
    pub(super) entries: Vec<Vec<u8>>,
    /// Consistency of the bundle up to the last of these entries with the tree of the checkpoint.
    pub(super) proof: Vec<Hash>,
}

/// Why a package is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unshelved {
    /// It does not begin where the shelf ends, or before.
    #[error("entries before {0} are missing")]
    Gap(u64),
    /// It is not what the checkpoint covers.
    #[error("the entries are not those of the checkpoint: {0}")]
    Unproven(#[from] ProofError),
    /// It cannot be written.
    #[error("{0}")]
    Unwritten(PortError),
}

/// All entries of a log up to some index, and the tree over them.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    tiles: Arc<dyn TileStore>,
    pub(super) state: TileState,
    /// Entries of the unfinished bundle.
    pub(super) entries: Vec<Vec<u8>>,
}

impl Shelf {
    pub(super) fn new(tiles: Arc<dyn TileStore>, state: TileState, entries: Vec<Vec<u8>>) -> Self {
        Self { tiles, state, entries }
    }

    /// Index of the first entry that is not here.
    pub(super) fn next(&self) -> u64 {
        self.state.size()
    }

    /// Takes over a package if it is proven to belong to the tree `goal`. Full tiles are durable when it returns.
    pub(super) async fn add(&mut self, package: Package, goal: Seen) -> Result<(), Unshelved> {
        let next = self.next();
        let bundle = package.start - package.start % WIDTH;
        let end = package.start + package.entries.len() as u64;
        let finished = bundle < next - next % WIDTH;
        if package.start > next || (finished && package.start > bundle) {
            return Err(Unshelved::Gap(next));
        }
        let earlier = usize::try_from(package.start - bundle).unwrap_or(usize::MAX);
        let held = self.entries.get(..earlier).ok_or(Unshelved::Gap(next))?;
        let range: Range<u64> = bundle..end;
        let hashes: Vec<Hash> = held.iter().chain(&package.entries).map(|entry| leaf_hash(entry)).collect();
        let root = hashes.iter().copied().collect::<Frontier>().root();
        verify_subtree(range, goal.size, root, goal.root, &package.proof)?;
        // of what is here already nothing is left
        let known = usize::try_from(next - bundle).unwrap_or(usize::MAX);
        let fresh = hashes.get(known..).unwrap_or_default().to_vec();
        let new_entries = package.entries.into_iter().skip(known.saturating_sub(earlier));
        self.append(fresh, new_entries.collect()).await.map_err(Unshelved::Unwritten)
    }

    /// The first `size` entries, of which all must be here; `None` when they are not.
    pub(super) async fn at(&self, size: u64) -> Result<Option<Self>, PortError> {
        let next = self.next();
        if size >= next {
            return Ok((size == next).then(|| self.clone()));
        }
        let mut edge = Edge::default();
        for level in 0..=MAX_TILE_LEVEL {
            let hashes = size.checked_shr(u32::from(TILE_HEIGHT) * u32::from(level)).unwrap_or_default();
            if hashes == 0 {
                break;
            }
            let unfinished = Tile::in_tree(TileKind::Hashes { level }, hashes / WIDTH, size);
            if let Some(tile) = unfinished.filter(|tile| !tile.is_full()) {
                let bytes = match self.state.partial(tile) {
                    Some(bytes) => bytes,
                    None => cut(tile, self.full(tile).await?)?,
                };
                edge.insert(tile, bytes);
            }
        }
        let entries = match Tile::in_tree(TileKind::Entries, size / WIDTH, size) {
            Some(tile) if size / WIDTH == next / WIDTH => {
                self.entries.get(..usize::from(tile.width())).unwrap_or_default().to_vec()
            }
            Some(tile) => {
                let bytes = cut(tile, self.full(tile).await?)?;
                let entries = tile::decode_bundle(&bytes, tile.width());
                let entries = entries.map_err(|error| malformed().with_source(error))?;
                entries.into_iter().map(<[u8]>::to_vec).collect()
            }
            None => Vec::new(),
        };
        let state = TileState::restore(size, &edge);
        let state = state.map_err(|error| PortError::corrupt("make an earlier tree").with_source(error))?;
        Ok(Some(Self { tiles: Arc::clone(&self.tiles), state, entries }))
    }

    async fn full(&self, tile: Tile) -> Result<Vec<u8>, PortError> {
        let path = tile.filled().to_string();
        let read = self.tiles.read(&path).await?;
        read.ok_or_else(|| PortError::missing(format!("read {path}")))
    }

    /// Appends entries of one bundle with their hashes, proven or about to be.
    async fn append(&mut self, hashes: Vec<Hash>, entries: Vec<Vec<u8>>) -> Result<(), PortError> {
        if hashes.is_empty() {
            return Ok(());
        }
        // written first: what is in memory is then never ahead of the disk by more than the unfinished bundle
        let mut state = self.state.clone();
        let full = state.extend(hashes);
        let bundle = self.state.size() / WIDTH;
        let filled = self.entries.len() + entries.len() == usize::from(TILE_WIDTH);
        if filled {
            let all = self.entries.iter().chain(&entries).map(Vec::as_slice);
            let bytes = tile::encode_bundle(all).map_err(|error| malformed().with_source(error))?;
            let path =
                Tile::full(TileKind::Entries, bundle).map_err(|error| malformed().with_source(error))?;
            self.tiles.write(&path.to_string(), &bytes).await?;
        }
        for full in full {
            self.tiles.write(&full.tile.to_string(), &full.bytes).await?;
        }
        self.state = state;
        if filled {
            self.entries.clear();
        } else {
            self.entries.extend(entries);
        }
        Ok(())
    }

    /// Takes up full bundles that are on the disk already, from an earlier copy that was broken off. They are
    /// proven with the rest: the tree must have the root of its checkpoint in the end. Returns how many leaves.
    pub(super) async fn take_up(&mut self, until: u64) -> Result<u64, PortError> {
        let from = self.next();
        while self.next().is_multiple_of(WIDTH) && self.next() + WIDTH <= until {
            let index = self.next() / WIDTH;
            let path =
                Tile::full(TileKind::Entries, index).map_err(|error| malformed().with_source(error))?;
            let Some(bytes) = self.tiles.read(&path.to_string()).await? else { break };
            let Ok(entries) = tile::decode_bundle(&bytes, TILE_WIDTH) else { break };
            let full = self.state.extend(entries.into_iter().map(leaf_hash));
            for full in full {
                self.tiles.write(&full.tile.to_string(), &full.bytes).await?;
            }
        }
        Ok(self.next() - from)
    }
}

/// The first hashes or entries of a full tile.
pub(super) fn cut(tile: Tile, mut full: Vec<u8>) -> Result<Vec<u8>, PortError> {
    let broken = || PortError::corrupt(format!("read {}: it is not whole", tile.filled()));
    match tile.kind() {
        TileKind::Hashes { .. } => {
            if full.len() != TILE_BYTES {
                return Err(broken());
            }
            full.truncate(usize::from(tile.width()) * strongroom_ledger::hash::HASH_SIZE);
            Ok(full)
        }
        TileKind::Entries if tile.is_full() => Ok(full),
        TileKind::Entries => {
            let entries = tile::decode_bundle(&full, TILE_WIDTH).map_err(|_| broken())?;
            let first = entries.into_iter().take(usize::from(tile.width()));
            tile::encode_bundle(first).map_err(|_| broken())
        }
    }
}

fn malformed() -> PortError {
    PortError::corrupt("make a bundle of entries")
}
