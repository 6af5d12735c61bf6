//! The service over HTTP, in-process: a module per path.
//!
//! Names ending in `trap_n` hold what `COMPATIBILITY.md` says under that number.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail them")]

mod add;
mod additions;
mod bearer;
mod cache;
mod common;
mod coverage;
mod databases;
mod fetch;
mod gate;
mod get;
mod idempotency;
mod lists;
mod many;
mod plans;
mod search;
mod statistics;
mod traps;
