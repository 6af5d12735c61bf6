//! The wire of `bytes`: how requests are read and answers, tokens, hashes and events are spelled.
//!
//! Pure functions and state machines. No HTTP server, no database, no clock: those who have them are the handlers in
//! `http/`. Liberties and limits are those of the original, a Python service; where it fails with a plain 500, there is
//! a 4xx that names the problem.

pub mod account;
pub mod base64;
pub mod body;
pub mod contents;
pub mod encoding;
pub mod event;
pub mod fields;
pub mod form;
pub mod hash;
pub mod json;
pub mod media;
pub mod models;
pub mod python;
pub mod query;
pub mod scalar;
pub mod token;
pub mod upload;
pub mod validation;
