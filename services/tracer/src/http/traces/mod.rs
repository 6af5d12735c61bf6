//! Traces.

mod add;
mod get;
mod proof;
mod search;

pub(super) use add::add;
pub(super) use get::get;
pub(super) use proof::{of as proof_of, proof};
pub(super) use search::search;
