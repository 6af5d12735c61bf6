//! One public suite per port of the kernel, and wrappers that inject faults.
//!
//! A suite holds what the port's document promises: an adapter runs it by one macro call in its tests, one
//! test per case from one list. No adapter is known here; what only one of them does is tested beside it.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "suites are tests: they fail by panics")]

pub mod anchor;
pub mod content;
pub mod database;
pub mod http;
pub mod sink;
