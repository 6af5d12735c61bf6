//! Proofs that the hash of a raw file existed at a time, given by outsiders: before the answer if they are quick,
//! else later.

mod add;
mod check;
mod make;

pub use add::AddProof;
pub use check::{Checked, check};
pub use make::{make_in_time, make_pending, run};
