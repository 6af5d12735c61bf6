//! The contract suites on packs and on a folder, and what is particular to them.

mod disk;
mod packs;
mod power_loss;
mod s3;
mod sealed;
