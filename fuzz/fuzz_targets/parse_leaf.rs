//! Leaves: refused, or written back to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_ledger::Leaf;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(leaf) = Leaf::decode(bytes) {
        assert_eq!(leaf.encode(), bytes);
        assert!(!leaf.service.as_str().is_empty());
    }
});
