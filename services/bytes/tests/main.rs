//! The service over HTTP, in-process: a module per path, as in its table of operations.
//!
//! Names ending in `trap_n` hold what `COMPATIBILITY.md` says under that number.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail them")]

mod audit;
mod boefje_meta;
mod common;
mod content;
mod coverage;
mod databases;
mod faults;
mod health;
mod idempotency;
mod metrics;
mod mime_types;
mod normalizer_meta;
mod organization;
mod proof;
mod raw;
mod raw_list;
mod raws;
mod redirects;
mod token;
