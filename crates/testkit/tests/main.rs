//! The kernel on its embedded adapters: what it promises, and what it finds when it was spoilt.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod anchoring;
mod diary;
mod erasure;
mod erasure_model;
mod faults;
mod ledger;
mod model;
mod notebook;
mod packing;
mod packing_erasure;
mod packing_faults;
mod reads;
mod recovery;
mod retention;
mod tampering;
mod units;
