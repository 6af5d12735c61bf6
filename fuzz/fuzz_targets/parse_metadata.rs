//! Bodies of metadata: refused with a text, or written and read back as themselves.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_bytes::wire::{
    body::read_organizations,
    models::{BoefjeMeta, NewNormalizerMeta},
};

fuzz_target!(|bytes: &[u8]| {
    match BoefjeMeta::from_body(None, bytes) {
        Ok(meta) => {
            let mut out = String::new();
            meta.push_json(&mut out);
            assert_eq!(BoefjeMeta::from_body(None, out.as_bytes()), Ok(meta));
        }
        Err(refused) => assert!(refused.to_body().starts_with('{')),
    }
    let _ = NewNormalizerMeta::from_body(None, bytes);
    let _ = read_organizations(None, bytes);
});
