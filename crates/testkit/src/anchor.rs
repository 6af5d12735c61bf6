//! An outsider who attests, refuses, or does not answer, as a test wants it.

use async_trait::async_trait;
use parking_lot::Mutex;
use strongroom_kernel::ports::{Anchor, AnchorProof, PortError};

/// How a [`FakeAnchor`] answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// At once.
    Willing,
    /// With an error.
    Failing,
    /// Never.
    Silent,
}

/// Attests by writing `proof of <text>`.
#[derive(Debug)]
pub struct FakeAnchor {
    provider: Option<String>,
    mood: Mutex<Mood>,
}

impl FakeAnchor {
    /// A willing one; `provider` is who it says it is.
    pub fn new(provider: Option<&str>) -> Self {
        Self { provider: provider.map(str::to_owned), mood: Mutex::new(Mood::Willing) }
    }

    /// Changes how it answers.
    pub fn set_mood(&self, mood: Mood) {
        *self.mood.lock() = mood;
    }
}

#[async_trait]
impl Anchor for FakeAnchor {
    async fn anchor(&self, text: &str) -> Result<AnchorProof, PortError> {
        let mood = *self.mood.lock();
        match mood {
            Mood::Willing => {
                Ok(AnchorProof { link: format!("proof of {text}"), provider: self.provider.clone() })
            }
            Mood::Failing => Err(PortError::unavailable("reach the fake anchor")),
            Mood::Silent => std::future::pending().await,
        }
    }

    async fn check(&self, text: &str, proof: &AnchorProof) -> Result<(), PortError> {
        if proof.link == format!("proof of {text}") {
            Ok(())
        } else {
            Err(PortError::corrupt("check a fake proof"))
        }
    }

    fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }
}
