//! Randomness, passed in so that tests run on a seeded one.

use std::fmt::Debug;

use strongroom_model::Timestamp;
use uuid::Uuid;

/// A source of random bytes fit for nonces, salts and keys.
pub trait Rng: Debug + Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// What is drawn from an [`Rng`].
pub trait RngExt: Rng {
    /// `N` random bytes.
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A random id (RFC 9562 version 4).
    fn id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// An id that sorts by the millisecond it was drawn in (RFC 9562 version 7), so that indexes grow at their end.
    fn id_at(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.micros() / 1_000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

impl<R: Rng + ?Sized> RngExt for R {}

/// The operating system's randomness, by way of a generator per thread that it seeds.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        rand::fill(bytes);
    }
}
