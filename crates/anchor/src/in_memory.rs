//! The anchor that is none: a random link and nobody behind it.
//!
//! The original's default. It has the form of a proof, so that clients find the field filled, and proves nothing.

use std::sync::Arc;

use async_trait::async_trait;
use strongroom_kernel::ports::{Anchor, AnchorProof, PortError, Rng, RngExt};

/// Gives a random UUID for every text and forgets it.
#[derive(Debug, Clone)]
pub struct InMemory {
    rng: Arc<dyn Rng>,
}

impl InMemory {
    /// Draws its links from `rng`.
    pub fn new(rng: Arc<dyn Rng>) -> Self {
        Self { rng }
    }
}

#[async_trait]
impl Anchor for InMemory {
    async fn anchor(&self, _text: &str) -> Result<AnchorProof, PortError> {
        Ok(AnchorProof { link: self.rng.id().hyphenated().to_string(), provider: None })
    }

    /// Always `Refused`: nobody attested anything.
    async fn check(&self, _text: &str, _proof: &AnchorProof) -> Result<(), PortError> {
        Err(PortError::refused("check anchor: nobody attested this text"))
    }

    fn provider(&self) -> Option<&str> {
        None
    }
}
