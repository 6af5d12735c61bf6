//! Commitments: hashes that bind us to a record or a personal value without telling it.
//!
//! Without nonce or salt nobody can confirm a guess, and after erasing it not even we can. The two forms
//! never change; their test vectors are `fixtures/commitment/v1.json`. What the canonical bytes are is the
//! kernel's business.

use sha2::{Digest as _, Sha256};

use crate::hash::Hash;

/// Begins every hashed record, so that it can pass for nothing else.
const RECORD_LABEL: &[u8] = b"strongroom/record/v1\n";
/// Begins every hashed personal value.
const FIELD_LABEL: &[u8] = b"strongroom/field/v1\n";

/// Commits to a record: `SHA-256("strongroom/record/v1\n" ‖ nonce ‖ canonical record)`.
///
/// The nonce must be random and used once.
pub fn commitment(nonce: &[u8; 32], canonical_record: &[u8]) -> Hash {
    labelled(RECORD_LABEL, nonce, canonical_record)
}

/// Commits to the value of a personal field: `SHA-256("strongroom/field/v1\n" ‖ salt ‖ canonical value)`.
///
/// The salt must be random and used for one value only.
pub fn field_commitment(salt: &[u8; 16], canonical_value: &[u8]) -> Hash {
    labelled(FIELD_LABEL, salt, canonical_value)
}

fn labelled(label: &[u8], secret: &[u8], bytes: &[u8]) -> Hash {
    let digest = Sha256::new().chain_update(label).chain_update(secret).chain_update(bytes).finalize();
    Hash::new(digest.into())
}
