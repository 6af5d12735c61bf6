//! Other people's transparency logs and witnesses over HTTP: the adapters of the kernel's
//! [`Witness`](strongroom_kernel::ports::Witness), [`LogSource`](strongroom_kernel::ports::LogSource) and
//! [`SharedLedger`](strongroom_kernel::ports::SharedLedger), and the mirrors that entries are pushed to.
//!
//! They carry bytes there and back, within limits. What is said is believed by nobody here: signatures and proofs
//! are verified by whoever asked.

mod log;
mod mirror;
mod shared;
mod witness;

pub use log::{HttpLog, MAX_RESOURCE};
pub use mirror::{Announced, HttpMirror, Pushed};
pub use shared::HttpSharedLedger;
pub use witness::HttpWitness;

/// Longest text of a refusal that is passed on.
const MOST_WORDS: usize = 200;

/// A prefix with what comes below it.
fn below(prefix: &str, path: &str) -> String {
    format!("{}/{path}", prefix.trim_end_matches('/'))
}

/// The first line of a refusal, as far as it is fit to be shown.
fn words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect()
}
