//! A proof given earlier, held against the chain.
//!
//! That the transaction has this data follows from its hash, which is computed here; that it is on the chain, and
//! how deep, is the node's word.

use alloy_primitives::B256;
use strongroom_kernel::ports::PortError;

use super::{Ethereum, Link, chain::Progress, data_of};

impl Ethereum {
    /// `Corrupt` when the proof does not hold, `Unavailable` while it cannot be told.
    pub(super) async fn verify(&self, digest: B256, link: &str) -> Result<(), PortError> {
        let link: Link = link
            .parse()
            .map_err(|error| PortError::corrupt("check the chain: the link is none").with_source(error))?;
        if link.chain != self.settings.chain_id {
            return Err(PortError::corrupt("check the chain: the link is of another one"));
        }
        self.same_chain().await.map_err(|error| {
            // a wrong node says nothing of the proof
            PortError::unavailable("check the chain: the node cannot tell").with_source(error)
        })?;
        let Some(shown) = self.chain.transaction(&link.transaction).await? else {
            return Err(PortError::corrupt("check the chain: it has no such transaction"));
        };
        if shown.hash() != Some(link.transaction) {
            return Err(PortError::corrupt("check the chain: the node shows another transaction"));
        }
        if shown.input.as_ref() != data_of(&digest) {
            return Err(PortError::corrupt("check the chain: the transaction is for another text"));
        }
        let height = self.chain.height().await?;
        match self.chain.progress(&link.transaction, height, self.settings.confirmations).await? {
            Progress::Deep(_) => Ok(()),
            Progress::Young => {
                Err(PortError::unavailable("check the chain: the transaction has too few confirmations"))
            }
            Progress::Absent => {
                Err(PortError::unavailable("check the chain: the transaction is in no block now"))
            }
        }
    }
}
