//! Witness and mirror in-process.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail them")]

mod log;
mod pushing;
mod racing;
