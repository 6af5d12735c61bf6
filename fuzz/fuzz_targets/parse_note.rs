//! Signed notes and the keys that verify them: refused, or written back to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_ledger::{Note, Verifier};

/// The published example key of Go's `sumdb/note`, so that its signature lines reach verification.
const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        let known: Vec<Verifier> = KEY.parse().into_iter().collect();
        let _ = note.verify(&known);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(key) = text.parse::<Verifier>()
    {
        assert_eq!(key.to_string(), text);
    }
});
