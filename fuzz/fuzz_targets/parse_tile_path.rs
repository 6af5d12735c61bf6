//! Tile paths: refused, or written back to the same text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_ledger::Tile;

fuzz_target!(|text: &str| {
    if let Ok(tile) = text.parse::<Tile>() {
        assert_eq!(tile.to_string(), text);
        let _ = tile.leaves();
    }
});
