//! Checkpoint texts: refused, or written back to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_ledger::Checkpoint;

fuzz_target!(|text: &str| {
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text);
    }
});
