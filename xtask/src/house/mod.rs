//! The house rules, each a function from the repository's folder to a report.
//!
//! They are checked by `cargo xtask tidy|arrows|unused` and by this crate's own tests, so that a plain
//! `cargo test` sees whatever the build server sees. Formatting and lints are the compiler's side of the house.

pub mod arrows;
pub mod files;
pub mod fuzzing;
pub mod manifests;
pub mod migrations;
pub mod tidy;
pub mod unused;

/// What a check found.
#[derive(Debug, Default)]
pub struct Report {
    /// Broken rules; any of them fails the check. Each is one line that begins with the file.
    pub faults: Vec<String>,
    /// Things worth a look that fail nothing.
    pub remarks: Vec<String>,
}
