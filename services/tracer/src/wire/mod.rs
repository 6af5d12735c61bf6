//! How requests are read and answers spelled; pure.

pub mod action;
mod base64;
pub mod chained;
pub(crate) mod few;
pub mod instant;
pub mod integrity;
pub mod ledger_name;
pub mod lists;
pub mod post;
pub mod problem;
pub mod query;
pub mod resource;
pub mod statistics;
pub mod trace;

/// The form in which digests and other bytes are answered: standard Base64 with padding.
pub fn base64_of(bytes: &[u8]) -> String {
    base64::encode(bytes)
}
