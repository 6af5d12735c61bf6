//! A Strongroom that takes leaves of others.

use std::fmt;

use async_trait::async_trait;
use serde_json::json;
use strongroom_fetch::Fetcher;
use strongroom_kernel::ports::{PortError, SharedAnswer, SharedLedger};

use crate::{below, words};

/// The shared ledger whose custody service is at a URL.
pub struct HttpSharedLedger {
    prefix: String,
    token: String,
    fetcher: Fetcher,
}

impl HttpSharedLedger {
    /// The ledger whose checkpoint is at `prefix`/checkpoint, asked with a token of its role `forwarder`.
    pub fn new(prefix: impl Into<String>, token: impl Into<String>, fetcher: Fetcher) -> Self {
        Self { prefix: prefix.into(), token: token.into(), fetcher }
    }
}

impl fmt::Debug for HttpSharedLedger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HttpSharedLedger")
    }
}

#[async_trait]
impl SharedLedger for HttpSharedLedger {
    async fn take(&self, origin: &str, first: u64, leaves: &[Vec<u8>]) -> Result<SharedAnswer, PortError> {
        let leaves: Vec<String> = leaves.iter().map(hex::encode).collect();
        let body = json!({ "ledger": origin, "first": first, "leaves": leaves }).to_string();
        let url = below(&self.prefix, "leaves");
        let answer = self.fetcher.post_with_token(&url, "application/json", body, &self.token).await?;
        match answer.status {
            200 => Ok(SharedAnswer::Taken(answer.body.to_vec())),
            status @ 400..=499 if !matches!(status, 408 | 425 | 429) => {
                Ok(SharedAnswer::Refused { status, text: words(&answer.body) })
            }
            _ => Err(answer
                .success("hand leaves over")
                .err()
                .unwrap_or_else(|| PortError::unavailable("the answer of the shared ledger cannot be read"))),
        }
    }
}
