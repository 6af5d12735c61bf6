//! `bytes`: the evidence store between OpenKAT's scanners and parsers, as its existing clients know it.
//!
//! - [`wire`]: how requests are read and answers spelled; pure
//! - [`commands`], [`queries`]: what is done and asked, without HTTP
//! - `http`: the table of operations and a file per operation
//! - [`tables`]: what is stored, declared once
//! - [`config`]: settings and the original's environment variables
//!
//! What is the same as in the original and what is not: `COMPATIBILITY.md`.

pub mod audit;
pub mod commands;
pub mod config;
mod convert;
mod http;
mod mask;
pub mod queries;
mod state;
pub mod tables;
pub mod wire;

pub use commands::organization::keep_retention;
pub use commands::proof::run as make_proofs;
pub use http::{Access, Operation, ROUTES, router};
pub use state::BytesState;
pub use tables::{BELONGS, SCHEMA};

/// Topics of the events this service announces.
pub const TOPICS: &[&str] = &[wire::event::RAW_FILE_RECEIVED];
