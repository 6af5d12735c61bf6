//! Uploads to mirrors: refused, unfinished, or written back to the same bytes, whatever their pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_ledger::mirror::{EntryPackage, MirrorInfo, UploadHead};

fuzz_target!(|bytes: &[u8]| {
    if let Some(info) = MirrorInfo::parse(bytes) {
        assert_eq!(info.to_string().as_bytes(), bytes);
    }
    let Ok(Some((head, mut at))) = UploadHead::parse(bytes) else { return };
    assert_eq!(head.encode().unwrap(), bytes[..at]);
    let mut next = head.start;
    for range in head.packages() {
        assert!(range.start == next && range.start < range.end && range.end <= head.end);
        assert!(range.end - range.start <= 256 && (range.end % 256 == 0 || range.end == head.end));
        next = range.end;
        let Ok(Some((package, length))) = EntryPackage::parse(&bytes[at..], range.end - range.start) else { return };
        assert_eq!(package.encode().unwrap(), bytes[at..at + length]);
        assert_eq!(package.entries.len() as u64, range.end - range.start);
        // a byte less is not whole
        assert!(matches!(
            EntryPackage::parse(&bytes[at..at + length - 1], range.end - range.start),
            Ok(None) | Err(_)
        ));
        at += length;
    }
    assert_eq!(next, head.end);
});
