//! Requests to witnesses: refused, or written back to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_ledger::{AddCheckpoint, note::parse_signatures, witness::parse_size};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_string().as_bytes(), bytes);
        assert!(request.checkpoint().text().starts_with(request.origin()));
        if let Ok(checkpoint) = request.checkpoint().text().parse() {
            let _ = request.judge(None, &checkpoint);
        }
    }
    if let Some(size) = parse_size(bytes) {
        assert_eq!(strongroom_ledger::witness::print_size(size).as_bytes(), bytes);
    }
    if let Ok(signatures) = parse_signatures(bytes) {
        let printed: String = signatures.iter().map(ToString::to_string).collect();
        assert_eq!(printed.as_bytes(), bytes);
    }
});
