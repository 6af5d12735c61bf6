//! Leaves of other ledgers that are handed over to this one: who may, what is kept, and the receipt.
//!
//! What is kept is the root over them, in a row and in the record of the unit that wrote it. A ledger's leaves come in
//! order and without gaps, from each sender on its own: nobody can take another's place.

mod http;
mod table;
mod take;

pub(crate) use http::hand_over;
pub use table::{ForeignLeaves, SCHEMA};
