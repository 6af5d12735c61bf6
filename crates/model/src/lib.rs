//! Words every part of Strongroom shares: digests, times, callers, domains, actions and errors.
//!
//! Values only. No I/O, no async, no clock: a [`Timestamp`] is made by whoever holds one.
//! The Merkle log's own words (leaf, tile, checkpoint) live in `strongroom-ledger`.

mod caller;
mod digest;
mod domain;
mod error;
mod secret;
mod timestamp;

pub use caller::{Caller, CallerKind};
pub use digest::{Digest, DigestHasher, ParseDigestError};
pub use domain::{Domain, InvalidDomain};
pub use error::{Error, ErrorKind};
pub use secret::Secret;
pub use timestamp::{ParseTimestampError, Timestamp};
