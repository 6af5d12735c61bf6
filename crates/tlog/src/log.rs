//! A log as `c2sp.org/tlog-tiles` publishes it.

use async_trait::async_trait;
use strongroom_fetch::Fetcher;
use strongroom_kernel::ports::{LogSource, PortError};

use crate::below;

/// Longest resource of a log in bytes: a bundle of 256 entries of 64 KiB.
pub const MAX_RESOURCE: usize = 256 * (65_535 + 2);

/// A log at a URL.
#[derive(Debug, Clone)]
pub struct HttpLog {
    prefix: String,
    fetcher: Fetcher,
}

impl HttpLog {
    /// The log whose checkpoint is at `prefix`/checkpoint. The fetcher must let through [`MAX_RESOURCE`] bytes.
    pub fn new(prefix: impl Into<String>, fetcher: Fetcher) -> Self {
        Self { prefix: prefix.into(), fetcher }
    }
}

#[async_trait]
impl LogSource for HttpLog {
    async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, PortError> {
        let answer = self.fetcher.get(&below(&self.prefix, path)).await?;
        match answer.status {
            404 | 410 => Ok(None),
            _ => Ok(Some(answer.success("read a log")?.body.to_vec())),
        }
    }
}
