//! Files of resources that are given by their address: checked when they are posted, fetched and hashed beside the
//! requests.
//!
//! The trace is durable before anybody is asked. A row per file says how far it has come, so that a crash at any point
//! leaves a file that is still to be fetched, and a file that cannot be had stays visible with the reason. The trace
//! itself never changes: what was found is added to it where it is shown.

mod check;
mod retry;
mod run;
mod settle;
mod try_once;

pub use check::{NotFetched, check};
pub use retry::RetryFetches;
pub use run::{fetch_due, fetch_resources};
pub use settle::SettleFetch;
pub use try_once::{Fetched, try_once};
