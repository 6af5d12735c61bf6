//! Outsiders who can attest that a text existed at a time.

use std::fmt::Debug;

use async_trait::async_trait;

use super::PortError;

/// What an outsider gave back for a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorProof {
    /// Where the proof is found, or the proof itself; at most 64 KiB.
    pub link: String,
    /// Who gave it, if it is someone: a URL.
    pub provider: Option<String>,
}

/// Has an outsider attest that a text existed at a time.
///
/// Safe to call twice for the same text: the second call gives the same proof or another one.
#[async_trait]
pub trait Anchor: Debug + Send + Sync {
    /// Has `text` attested and checks the answer before returning it.
    ///
    /// # Errors
    /// `Unavailable` when the outsider does not answer in time; `Refused` when he declines;
    /// `Corrupt` when his answer does not hold.
    async fn anchor(&self, text: &str) -> Result<AnchorProof, PortError>;

    /// Checks a proof given earlier for `text`.
    ///
    /// # Errors
    /// `Corrupt` when the proof does not hold for `text`; `Unavailable` when that cannot be told now;
    /// `Refused` when this kind of anchor leaves nothing to check.
    async fn check(&self, text: &str, proof: &AnchorProof) -> Result<(), PortError>;

    /// Who attests, as [`AnchorProof::provider`] will say.
    fn provider(&self) -> Option<&str>;
}
