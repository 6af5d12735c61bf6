//! Other people's transparency logs and witnesses over HTTP: the adapters of the kernel's
//! [`Witness`](strongroom_kernel::ports::Witness) and [`LogSource`](strongroom_kernel::ports::LogSource).
//!
//! They carry bytes there and back, within limits. What is said is believed by nobody here: signatures and proofs
//! are verified by whoever asked.

mod log;
mod witness;

pub use log::{HttpLog, MAX_RESOURCE};
pub use witness::HttpWitness;

/// A prefix with what comes below it.
fn below(prefix: &str, path: &str) -> String {
    format!("{}/{path}", prefix.trim_end_matches('/'))
}
