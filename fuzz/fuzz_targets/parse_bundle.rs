//! Evidence bundles: whatever they are, reading ends, and what is read would be written just so.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_custody::bundle::{check, zip};

/// The key of the bundle among the seeds.
const KEY: &str = include_str!("../../fixtures/bundle/v1/key");

fuzz_target!(|input: &[u8]| {
    if let Ok(files) = zip::read(input) {
        assert_eq!(zip::write(&files).as_deref(), Ok(input));
    }
    // the files of a bundle are parsed too where the zip around them is whole: made so here
    if let Some((at, rest)) = input.split_first_chunk::<4>() {
        let mut files = zip::read(include_bytes!("../../fixtures/bundle/v1/bundle.zip")).expect("the fixture is read");
        let place = usize::from(at[0]) % files.len();
        if let Some(content) = files.values_mut().nth(place) {
            let from = usize::from(u16::from_le_bytes([at[1], at[2]])).min(content.len());
            let end = from.saturating_add(usize::from(at[3])).min(content.len());
            content.splice(from..end, rest.iter().copied());
        }
        if let Ok(zip) = zip::write(&files) {
            let _ = check(&zip, &KEY.trim().parse().expect("the fixture has a key"));
        }
    }
});
