//! The right edge of a copy: the tiles that are not full yet, kept with the checkpoint they belong to.
//!
//! One value, written in one commit with the mirror checkpoint: for each unfinished tile its path and its bytes,
//! each after its length in four bytes, big-endian. Nothing in it is believed: the tree it makes must have the
//! root of the checkpoint.

use std::collections::HashMap;

use strongroom_kernel::ports::PortError;
use strongroom_ledger::{Tile, TileKind, TileReader, TileState, tile};

/// The unfinished tiles by their coordinates.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Edge(HashMap<Tile, Vec<u8>>);

impl Edge {
    /// The edge of a tree whose unfinished bundle has these entries.
    pub(super) fn of(state: &TileState, entries: &[Vec<u8>]) -> Result<Self, PortError> {
        let mut tiles: HashMap<_, _> =
            state.partial_tiles().into_iter().map(|partial| (partial.tile, partial.bytes)).collect();
        let index = state.size() / u64::from(tile::TILE_WIDTH);
        if let Some(bundle) = Tile::in_tree(TileKind::Entries, index, state.size()) {
            let bytes = tile::encode_bundle(entries.iter().map(Vec::as_slice));
            tiles.insert(bundle, bytes.map_err(|error| broken().with_source(error))?);
        }
        Ok(Self(tiles))
    }

    /// Adds a tile.
    pub(super) fn insert(&mut self, tile: Tile, bytes: Vec<u8>) {
        self.0.insert(tile, bytes);
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut encoded = Vec::new();
        for (tile, bytes) in &self.0 {
            for part in [tile.to_string().as_bytes(), bytes] {
                encoded.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
                encoded.extend_from_slice(part);
            }
        }
        encoded
    }

    pub(super) fn decode(mut encoded: &[u8]) -> Result<Self, PortError> {
        let mut tiles = HashMap::new();
        while !encoded.is_empty() {
            let path = split(&mut encoded)?;
            let path = std::str::from_utf8(path).map_err(|error| broken().with_source(error))?;
            let tile = path.parse().map_err(|error| broken().with_source(error))?;
            tiles.insert(tile, split(&mut encoded)?.to_vec());
        }
        Ok(Self(tiles))
    }

    /// The entries of the unfinished bundle of a tree of `size` leaves.
    pub(super) fn entries(&self, size: u64) -> Result<Vec<Vec<u8>>, PortError> {
        let index = size / u64::from(tile::TILE_WIDTH);
        let Some(bundle) = Tile::in_tree(TileKind::Entries, index, size) else { return Ok(Vec::new()) };
        let bytes = self.tile(bundle)?;
        let entries = tile::decode_bundle(&bytes, bundle.width());
        Ok(entries.map_err(|error| broken().with_source(error))?.into_iter().map(<[u8]>::to_vec).collect())
    }
}

impl TileReader for Edge {
    type Error = PortError;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, PortError> {
        self.0.get(&tile).cloned().ok_or_else(broken)
    }
}

fn split<'a>(encoded: &mut &'a [u8]) -> Result<&'a [u8], PortError> {
    let (length, rest) = encoded.split_first_chunk().ok_or_else(broken)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| broken())?;
    let (part, rest) = rest.split_at_checked(length).ok_or_else(broken)?;
    *encoded = rest;
    Ok(part)
}

fn broken() -> PortError {
    PortError::corrupt("read the unfinished tiles of a copy")
}

#[cfg(test)]
mod tests {
    use strongroom_ledger::leaf_hash;

    use super::*;

    #[test]
    fn an_edge_makes_the_tree_again() {
        for size in [0_u64, 1, 255, 256, 300, 600, 65_536 + 257] {
            let entries: Vec<Vec<u8>> = (0..size).map(|n| n.to_be_bytes().to_vec()).collect();
            let state = TileState::from_leaf_hashes(entries.iter().map(|entry| leaf_hash(entry)));
            let last = &entries[usize::try_from(size - size % 256).unwrap()..];
            let edge = Edge::of(&state, last).unwrap();
            let read = Edge::decode(&edge.encode()).unwrap();
            assert_eq!(read, edge);
            assert_eq!(TileState::restore(size, &read).unwrap(), state, "{size}");
            assert_eq!(read.entries(size).unwrap(), last);
        }
    }

    #[test]
    fn a_torn_edge_is_refused() {
        let state = TileState::from_leaf_hashes([leaf_hash(b"x")]);
        let encoded = Edge::of(&state, &[b"x".to_vec()]).unwrap().encode();
        for cut in 1..encoded.len() {
            assert!(
                Edge::decode(&encoded[..cut]).is_err() || Edge::decode(&encoded[..cut]).unwrap().0.len() < 2
            );
        }
    }
}
