//! What auditors and erasers ask: filters of lives, and subjects, which are printed as they are read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_custody::life::Filter;
use strongroom_kernel::ErasureSubject;

fuzz_target!(|text: &str| {
    if let Ok(filter) = Filter::parse(text) {
        assert!(filter.limit.is_none_or(|limit| (1..=500).contains(&limit)));
    }
    if let Ok(subject) = text.parse::<ErasureSubject>() {
        assert_eq!(subject.to_string().parse::<ErasureSubject>().unwrap(), subject);
    }
});
