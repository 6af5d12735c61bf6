//! Chores of this repository, called as `cargo xtask …`.
//!
//! What is here: the real services that tests use, the test command of the README, and the house rules that a
//! plain test run also checks. Not here: anything the product needs; no crate of the product is visible from this
//! one, so that the chores still build when everything else is broken. `.ci/run` strings the chores together.

pub mod failure;
pub mod house;
pub mod run;
pub mod say;
pub mod services;
pub mod standin;

use std::path::PathBuf;

/// The folder that holds the workspace manifest.
///
/// As cargo says when it runs us: what it said at compile time may name another clone, since cargo takes over
/// compiled crates between clones that share a target folder.
#[must_use]
pub fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = here.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    here.parent().map(PathBuf::from).unwrap_or(here)
}
