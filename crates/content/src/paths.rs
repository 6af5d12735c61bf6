//! What stands in paths for what has no safe name.

use strongroom_model::{Digest, Domain};

/// What stands for a domain: SHA-256 of its text, in hex.
pub(crate) fn domain_hash(domain: &Domain) -> String {
    Digest::of(domain.as_str().as_bytes()).to_string()
}
