//! Posted traces: whatever they are, what is taken is within its bounds, and its digests are whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_inspect::Algorithm;
use strongroom_tracer::wire::post::{MAX_DATASETS, MAX_MODELS, MAX_RESOURCES, Rejection, Rules, read};

fuzz_target!(|body: &[u8]| {
    let rules = Rules {
        algorithm: Algorithm::Sha3_256,
        ledger: "STRONGROOM".to_owned(),
        further_details: Vec::new(),
    };
    match read(body, &rules) {
        Ok(posted) => {
            assert!(!posted.user_id.trim().is_empty() && !posted.user_id.contains('\0'));
            assert!(posted.datasets_ids.len() <= MAX_DATASETS && posted.models_ids.len() <= MAX_MODELS);
            let resources = posted.resources.unwrap_or_default();
            assert!(resources.len() <= MAX_RESOURCES);
            let without_digest = resources.iter().filter(|resource| resource.content_hash.is_none()).count();
            assert_eq!(without_digest, posted.remote.len());
        }
        Err(Rejection::Problems(problems)) => assert!(!problems.is_empty()),
        Err(Rejection::Syntax(text)) => assert!(!text.is_empty()),
    }
});
