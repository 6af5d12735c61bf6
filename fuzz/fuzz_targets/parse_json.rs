//! JSON bodies in any encoding: refused, or written in a spelling that no longer changes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_bytes::wire::{
    encoding::decode,
    json::{JsonText, parse},
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode(bytes) else { return };
    let Ok(value) = parse(&text) else { return };
    let Ok(once) = JsonText::new(&value) else { return };
    let again = parse(once.as_str().as_bytes()).expect("what was written is JSON");
    assert_eq!(JsonText::new(&again).expect("what was written can be written"), once);
});
