//! The contract suites on packs, on a folder and on S3, plain and sealed, and what is particular to each.

#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail them by panics")]

mod disk;
mod faults;
mod objects;
mod packs;
mod power_loss;
mod s3;
mod sealed;
