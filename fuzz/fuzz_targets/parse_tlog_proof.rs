//! Proof files: refused, or written back to the same text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_ledger::{TlogProof, leaf_hash};

fuzz_target!(|text: &str| {
    if let Ok(proof) = text.parse::<TlogProof>() {
        assert_eq!(proof.to_string(), text);
        assert!(proof.verify(leaf_hash(b""), "log.example", &[]).is_err());
    }
});
