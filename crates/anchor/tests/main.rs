//! The anchors against what they are made for: a real time-stamp authority (`openssl ts` behind a small HTTP
//! server), a paste server, a development node of Ethereum and the validator of BigchainDB. Without `openssl` the time-stamp tests say that they were skipped.

#![expect(clippy::print_stdout, reason = "tests say when they are skipped, and what they found")]

mod authority;
mod bigchaindb;
mod certificates;
mod contract;
#[cfg(feature = "ethereum")]
mod ethereum;
mod others;
mod stamps;
mod stored;
mod tampering;
mod trouble;
