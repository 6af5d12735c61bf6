//! What every content store and every kind of packs must do, and wrappers that make them fail.
//!
//! An adapter runs a suite with one line, [`content_store_tests!`](crate::content_store_tests) or
//! [`packs_tests!`](crate::packs_tests), and a function that makes the thing under test.

pub mod faulty;
pub mod packs;
pub mod store;

use bytes::Bytes;
use futures::TryStreamExt;
use strongroom_kernel::ports::{ContentKey, ContentStore, PortError};
use strongroom_model::{Digest, Domain};

/// `length` bytes that look random and are the same for the same `seed`.
pub fn sample(length: usize, seed: u64) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // xorshift64*: enough to have no two pieces alike.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend_from_slice(&state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

/// The key of `content` in the domain `test/<tenant>`.
///
/// # Panics
/// When `tenant` has a NUL.
pub fn key(tenant: &str, content: &[u8]) -> ContentKey {
    let domain = Domain::new("test", tenant).expect("test tenants have no NUL");
    ContentKey { domain, digest: Digest::of(content) }
}

/// Stores `content` in pieces of `piece` bytes.
///
/// # Errors
/// Of the store.
pub async fn store_in_pieces(
    store: &dyn ContentStore,
    key: &ContentKey,
    content: &Bytes,
    piece: usize,
) -> Result<(), PortError> {
    let mut staged = store.stage().await?;
    let mut rest = content.clone();
    while !rest.is_empty() {
        staged.write(rest.split_to(rest.len().min(piece))).await?;
    }
    staged.keep(key).await
}

/// Stores `content` for `tenant` and returns its key.
///
/// # Panics
/// When the store fails.
pub async fn store_all(store: &dyn ContentStore, tenant: &str, content: &Bytes) -> ContentKey {
    let key = key(tenant, content);
    store_in_pieces(store, &key, content, 64 << 10).await.expect("the store takes content");
    key
}

/// All bytes of `range` under `key`; tests that no piece is above 1 MiB.
///
/// # Errors
/// Of the store.
///
/// # Panics
/// When a piece is longer.
pub async fn read_range(
    store: &dyn ContentStore,
    key: &ContentKey,
    range: std::ops::Range<u64>,
) -> Result<Vec<u8>, PortError> {
    let pieces: Vec<Bytes> = store.read(key, range).await?.try_collect().await?;
    assert!(pieces.iter().all(|piece| piece.len() <= 1 << 20), "a piece is above 1 MiB");
    Ok(pieces.concat())
}
