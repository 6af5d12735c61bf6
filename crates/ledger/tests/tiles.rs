//! Tiles of growing trees: right bytes, given out once, restorable, and enough for every proof.

use strongroom_ledger::proof::ProveError;
use strongroom_ledger::tile::{TILE_BYTES, TileReadError, decode_hashes};
use strongroom_ledger::{
    CurrentTiles, Frontier, Hash, HashReader, NodeId, Tile, TileHashReader, TileKind, TileState,
    consistency_proof, inclusion_proof, tree_root,
};

use crate::support::{Shelf, WholeTree, leaves, merkle_tree_hash, tiled};

/// All tiles of hashes of this tree, from the definition in `c2sp.org/tlog-tiles`.
fn defined_tiles(leaves: &[Hash]) -> Vec<(String, Vec<u8>)> {
    let mut tiles = Vec::new();
    let (mut level, mut below) = (0, leaves.to_vec());
    while !below.is_empty() {
        for (index, hashes) in (0..).zip(below.chunks(256)) {
            let tile = Tile::in_tree(TileKind::Hashes { level }, index, leaves.len() as u64).unwrap();
            let bytes = hashes.iter().flat_map(|hash| hash.to_bytes()).collect();
            tiles.push((tile.to_string(), bytes));
        }
        below = below.chunks_exact(256).map(merkle_tree_hash).collect();
        level += 1;
    }
    tiles
}

fn check_tiles(leaves: &[Hash], batch: usize) {
    let (state, shelf) = tiled(leaves, batch);
    let mut made: Vec<_> = shelf.0.into_iter().collect();
    made.extend(state.partial_tiles().into_iter().map(|partial| (partial.tile.to_string(), partial.bytes)));
    let mut defined = defined_tiles(leaves);
    made.sort();
    defined.sort();
    assert!(made == defined, "other tiles at size {} in batches of {batch}", leaves.len());
    assert_eq!(state.root(), leaves.iter().copied().collect::<Frontier>().root());
}

#[test]
fn tiles_are_those_of_the_specification_at_every_size_to_600() {
    let leaves = leaves(600);
    for size in 0..=leaves.len() {
        check_tiles(&leaves[..size], 1 + size % 7);
    }
}

#[test]
fn tiles_of_three_levels_are_those_of_the_specification() {
    check_tiles(&leaves(65_536 + 256 + 3), 1000);
}

#[test]
fn a_state_is_restored_from_its_tiles() {
    let leaves = leaves(66_000);
    for size in (0..520).chain([65_535, 65_536, 65_537, 65_791, 65_792, 66_000]) {
        let (state, mut shelf) = tiled(&leaves[..size], 700);
        shelf.0.extend(state.partial_tiles().into_iter().map(|tile| (tile.tile.to_string(), tile.bytes)));
        assert_eq!(TileState::restore(size as u64, &shelf).unwrap(), state, "size {size}");
        assert_eq!(TileState::from_leaf_hashes(leaves[..size].iter().copied()), state);
    }
}

#[test]
fn a_state_is_restored_from_full_tiles_in_place_of_partial_ones() {
    let leaves = leaves(512);
    let (_, shelf) = tiled(&leaves, 512);
    let full_only = |size: u64| {
        let reader = FullOnly(&shelf);
        TileState::restore(size, &reader).map(|state| state.root())
    };
    assert_eq!(full_only(200).unwrap(), merkle_tree_hash(&leaves[..200]));
    assert!(full_only(300).is_err(), "the tile of level 1 is nowhere");
}

struct FullOnly<'a>(&'a Shelf);

impl strongroom_ledger::TileReader for FullOnly<'_> {
    type Error = crate::support::Absent;
    fn tile(&self, tile: Tile) -> Result<Vec<u8>, Self::Error> {
        self.0.tile(tile.filled())
    }
}

#[test]
fn the_present_tiles_prove_everything_at_every_earlier_size() {
    let leaves = leaves(66_100);
    let whole = WholeTree::new(&leaves);
    let (state, shelf) = tiled(&leaves, 333);
    let current = CurrentTiles::new(&state, &shelf);
    for size in (1..=300).chain([511, 512, 513, 65_535, 65_536, 65_537, 65_800, 66_100]) {
        let reader = TileHashReader::new(current, size);
        assert_eq!(tree_root(&reader, size).unwrap(), tree_root(&whole, size).unwrap(), "size {size}");
        for n in [0, 1, size / 3, size / 2, size - 1].into_iter().filter(|&n| n < size) {
            let proof = inclusion_proof(&reader, n, size).unwrap();
            assert_eq!(proof, inclusion_proof(&whole, n, size).unwrap(), "leaf {n} of {size}");
            let proof = consistency_proof(&reader, n + 1, size).unwrap();
            assert_eq!(proof, consistency_proof(&whole, n + 1, size).unwrap(), "{} to {size}", n + 1);
        }
    }
}

#[test]
fn a_reader_asks_only_for_tiles_of_its_tree() {
    // Any tile asked for would be reported absent.
    let shelf = Shelf::default();
    let reader = TileHashReader::new(&shelf, 600);
    for node in [NodeId::leaf(600), NodeId { level: 3, index: 75 }, NodeId { level: 10, index: 0 }] {
        let read = reader.hashes(&[node]);
        assert!(
            matches!(read, Err(TileReadError::OutsideTree { node: outside, size: 600 }) if outside == node)
        );
    }
    for node in [NodeId { level: 63, index: u64::MAX }, NodeId { level: 255, index: 1 }] {
        assert!(matches!(reader.hashes(&[node]), Err(TileReadError::OutsideTree { .. })));
    }
}

#[test]
fn an_absent_or_cut_tile_is_named() {
    let (_, mut shelf) = tiled(&leaves(512), 512);
    shelf.0.get_mut("tile/0/001").unwrap().truncate(TILE_BYTES - 1);
    let reader = TileHashReader::new(&shelf, 512);
    let cut = reader.hashes(&[NodeId::leaf(300)]).unwrap_err();
    assert_eq!(cut.to_string(), "tile/0/001 has 8191 bytes");
    shelf.0.insert("tile/0/002.p/100".to_owned(), vec![0; 101 * 32]);
    let long = TileHashReader::new(&shelf, 612).hashes(&[NodeId::leaf(600)]).unwrap_err();
    assert_eq!(long.to_string(), "tile/0/002.p/100 has 3232 bytes");
    let reader = TileHashReader::new(&shelf, 512);
    let absent = tree_root(&reader, 512).unwrap_err();
    let ProveError::Read(absent) = absent else { panic!("{absent:?}") };
    assert_eq!(absent.to_string(), "read tile/1/000.p/2");
}

#[test]
fn partial_tiles_are_given_in_every_width_reached() {
    let leaves = leaves(300);
    let state = TileState::from_leaf_hashes(leaves.iter().copied());
    let tile = Tile::full(TileKind::Hashes { level: 0 }, 1).unwrap();
    let partial = |width| state.partial(tile.with_width(width).unwrap());
    assert_eq!(partial(44).map(|bytes| decode_hashes(&bytes)).as_deref(), Some(&leaves[256..]));
    assert_eq!(partial(10).map(|bytes| decode_hashes(&bytes)).as_deref(), Some(&leaves[256..266]));
    assert_eq!(partial(45), None);
    assert_eq!(partial(256), None);
    assert_eq!(state.partial(Tile::full(TileKind::Hashes { level: 0 }, 0).unwrap()), None);
    assert_eq!(state.partial(Tile::full(TileKind::Hashes { level: 40 }, 0).unwrap()), None);
    assert_eq!(state.partial(Tile::full(TileKind::Entries, 1).unwrap().with_width(1).unwrap()), None);
}

#[test]
fn a_copy_of_the_state_undoes_a_batch() {
    let leaves = leaves(1000);
    let (mut state, _) = tiled(&leaves[..700], 700);
    let before = state.clone();
    let first = state.extend(leaves[700..].iter().copied());
    let mut again = before.clone();
    assert_eq!(again.extend(leaves[700..].iter().copied()), first);
    assert_eq!(again, state);
    assert_ne!(before.root(), state.root());
}
