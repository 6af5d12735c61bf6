//! Small content, sealed in packs.

use std::sync::Arc;

use bytes::Bytes;
use strongroom_kernel::ports::{PackPosition, Packs, PendingSync, PortError, Rng, RngExt};

use super::BoxKey;

/// Packs whose payloads are sealed. Positions have the length of the sealed payload.
#[derive(Debug)]
pub struct SealedPacks<P> {
    inner: P,
    key: BoxKey,
    rng: Arc<dyn Rng>,
}

impl<P: Packs> SealedPacks<P> {
    /// Seals with `key` what goes into `inner`, with nonces from `rng`.
    pub fn new(inner: P, key: BoxKey, rng: Arc<dyn Rng>) -> Self {
        Self { inner, key, rng }
    }
}

impl<P: Packs> Packs for SealedPacks<P> {
    fn append(&self, contents: &[&[u8]]) -> Result<(Vec<PackPosition>, PendingSync), PortError> {
        let sealed: Vec<Vec<u8>> =
            contents.iter().map(|content| self.key.seal(&self.rng.bytes(), content)).collect();
        let sealed: Vec<&[u8]> = sealed.iter().map(Vec::as_slice).collect();
        self.inner.append(&sealed)
    }

    fn read(&self, position: PackPosition) -> Result<Bytes, PortError> {
        let sealed = self.inner.read(position)?;
        let plain =
            self.key.open(&sealed).ok_or_else(|| PortError::corrupt("open sealed content in a pack"))?;
        Ok(plain.into())
    }

    fn stands(&self, position: PackPosition) -> Result<(), PortError> {
        self.inner.stands(position)
    }

    fn erase(&self, position: PackPosition) -> Result<(), PortError> {
        self.inner.erase(position)
    }

    fn recover(&self, end: Option<PackPosition>) -> Result<(), PortError> {
        self.inner.recover(end)
    }
}
