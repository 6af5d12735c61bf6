//! Evidence bundles: a life with everything that proves it, in one zip file, checkable offline with one public key.
//!
//! [`gather()`] puts the evidence together, [`write()`] makes the zip file of it, [`check()`] verifies one.
//! `docs/reference/bundle.md` says what is in it, byte for byte; what [`write()`] makes, [`check()`] makes again and
//! compares, so nothing in a bundle goes unlooked at.

mod check;
mod error;
mod files;
mod gather;
pub(crate) mod http;
mod names;
mod report;
pub mod zip;

pub use check::{Checked, check, check_aloud};
pub use error::BundleError;
pub use files::write;
pub use gather::{Evidence, StampedCheckpoint, anchored, gather, room_for};

/// Bundles that are made at the same time.
pub(crate) const AT_ONCE: usize = 2;
/// Version of the form.
pub const VERSION: u64 = 1;
/// Most leaves in one bundle.
pub const MAX_LEAVES: usize = 10_000;
