//! Tile paths: one spelling per tile.

use proptest::prelude::*;
use strongroom_ledger::tile::{MAX_TILE_INDEX, TilePathError};
use strongroom_ledger::{Tile, TileKind};

fn hashes(level: u8, index: u64) -> Tile {
    Tile::full(TileKind::Hashes { level }, index).unwrap()
}

#[test]
fn tiles_are_written_and_read_as_in_the_specification() {
    fn check(path: &str, tile: Tile) {
        assert_eq!(tile.to_string(), path);
        assert_eq!(path.parse(), Ok(tile));
    }
    let entries = Tile::full(TileKind::Entries, 1000).unwrap();
    check("tile/0/000", hashes(0, 0));
    check("tile/0/x001/x234/067", hashes(0, 1_234_067));
    check("tile/1/x001/x234/067.p/17", hashes(1, 1_234_067).with_width(17).unwrap());
    check("tile/63/999.p/255", hashes(63, 999).with_width(255).unwrap());
    check("tile/entries/x001/000", entries);
    check("tile/entries/x001/000.p/1", entries.with_width(1).unwrap());
    check("tile/0/x036/x028/x797/x018/x963/967", hashes(0, MAX_TILE_INDEX));
}

#[test]
fn another_spelling_of_a_tile_is_refused_with_its_reason() {
    fn check(path: &str, reason: TilePathError) {
        assert_eq!(path.parse::<Tile>(), Err(reason), "{path}");
    }
    for path in ["", "tile", "tile/", "tile/0", "/tile/0/000", "Tile/0/000", "tile\\0\\000"] {
        check(path, TilePathError::Shape);
    }
    for path in ["tile//000", "tile/00/000", "tile/01/000", "tile/64/000", "tile/256/000", "tile/-1/000"] {
        check(path, TilePathError::Level);
    }
    for path in ["tile/+1/000", "tile/data/000", "tile/Entries/000", "tile/1 /000"] {
        check(path, TilePathError::Level);
    }
    for index in ["", "0", "00", "0000", "x000", "x000/001", "x000/x001/002", "001/002", "X001/002", "x001"] {
        check(&format!("tile/0/{index}"), TilePathError::Index);
    }
    for index in ["x1/002", "x0001/002", "x001/", "x001//002", "-01", "+01", "٠٠١", "000/", "../000", "000.p"]
    {
        check(&format!("tile/0/{index}"), TilePathError::Index);
    }
    for index in ["x036/x028/x797/x018/x963/968", "x999/x999/x999/x999/x999/999"] {
        check(&format!("tile/entries/{index}"), TilePathError::Index);
    }
    for groups in [6, 7, 20] {
        check(&format!("tile/0/{}999", "x999/".repeat(groups)), TilePathError::Index);
    }
    for width in ["", "0", "00", "01", "256", "300", "-1", "+1", "1.p/1", "1/", "18446744073709551617"] {
        check(&format!("tile/0/000.p/{width}"), TilePathError::Width);
    }
}

#[test]
fn a_tile_of_no_tree_cannot_be_made() {
    assert_eq!(Tile::full(TileKind::Hashes { level: 64 }, 0), Err(TilePathError::Level));
    assert_eq!(Tile::full(TileKind::Entries, MAX_TILE_INDEX + 1), Err(TilePathError::Index));
    assert_eq!(hashes(0, 0).with_width(0), None);
    assert_eq!(hashes(0, 0).with_width(257), None);
}

proptest! {
    #[test]
    fn every_tile_reads_back(level in 0..=63_u8, entries: bool, index in 0..=MAX_TILE_INDEX, width in 1..=256_u16) {
        let kind = if entries { TileKind::Entries } else { TileKind::Hashes { level } };
        let tile = Tile::full(kind, index).unwrap().with_width(width).unwrap();
        prop_assert_eq!(tile.to_string().parse(), Ok(tile));
    }

    #[test]
    fn whatever_reads_as_a_tile_is_its_only_spelling(path in "tile/(entries|[0-9]{1,2})(/x?[0-9]{2,4}){1,3}(\\.p/[0-9]{0,3})?") {
        if let Ok(tile) = path.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), path);
        }
    }
}
