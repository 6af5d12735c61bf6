//! Traces as chains of the original have them: not understood, or within the bounds of a trace here.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_tracer::wire::{
    chained::read,
    post::{MAX_DATASETS, MAX_MODELS, MAX_RESOURCES},
};

fuzz_target!(|text: &str| {
    let Ok(chained) = read(text) else { return };
    let posted = chained.posted;
    assert!(posted.datasets_ids.len() <= MAX_DATASETS && posted.models_ids.len() <= MAX_MODELS);
    assert!(posted.resources.unwrap_or_default().len() <= MAX_RESOURCES);
    assert!(posted.remote.is_empty());
    assert!(chained.id.is_none_or(|id| !id.is_nil()));
});
