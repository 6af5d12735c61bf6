//! Pack files: entries up to the first damage, each written back to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_content::packs::format::{ENTRY_HEADER, State, entries, entry_header, file_header, parse_file_header};

fuzz_target!(|bytes: &[u8]| {
    let Ok(found) = entries(bytes) else { return };
    let number = parse_file_header(bytes).expect("the header was read once");
    assert!(bytes.starts_with(&file_header(number)));
    let mut last = None;
    for entry in found {
        assert!(!matches!(last, Some(Err(_))), "there is nothing behind a damage");
        if let Ok(entry) = &entry {
            let offset = usize::try_from(entry.offset).expect("it is in memory");
            assert_eq!(&bytes[offset + ENTRY_HEADER..][..entry.payload.len()], entry.payload);
            if entry.header.state == State::Live {
                assert_eq!(&bytes[offset..offset + ENTRY_HEADER], entry_header(entry.payload));
            }
        }
        last = Some(entry);
    }
});
