//! The way out to a provider: two documents, given from outside.

use std::fmt::Debug;

use async_trait::async_trait;
use strongroom_kernel::ports::PortError;

/// Fetches a provider's documents.
///
/// The addresses come from the operator's configuration and from the provider he named there, so they may be inside
/// his network. May be called twice; keeps nothing.
#[async_trait]
pub trait Documents: Debug + Send + Sync {
    /// The whole document at `url`, at most 256 KiB
    /// long, within some seconds.
    ///
    /// # Errors
    /// `Unavailable` when there is no answer in time; `Refused` when the answer is no success or too long, or the
    /// URL cannot be asked.
    async fn get(&self, url: &str) -> Result<Vec<u8>, PortError>;
}
