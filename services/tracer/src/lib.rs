//! `tracer`: who did what with which data, as CHAIMELEON's services and the first version's README know it.
//!
//! - [`wire`]: how requests are read and answers spelled; pure
//! - [`commands`], [`queries`]: what is done and asked, without HTTP
//! - `http`: the table of operations and a file per operation
//! - [`tables`]: what is stored, declared once
//! - [`mod@config`] has the settings
//!
//! What is the same as in the original and what is not: `COMPATIBILITY.md`.

pub mod callers;
pub mod commands;
pub mod config;
mod http;
mod newcomers;
pub mod origin;
pub mod queries;
mod state;
pub mod tables;
mod tokens;
pub mod wire;

pub use commands::fetch::{fetch_due, fetch_resources};
pub use http::{Access, Operation, ROUTES, router};
pub use newcomers::Newcomers;
pub use state::{Finality, Parts, PublishedIsFinal, TracerState};
pub use tables::{BELONGS, SCHEMA};
