//! Stores that can put a head before content when all of it has passed: what `sealed/` needs, whose tag is known
//! only at the end and stands at the beginning.

use async_trait::async_trait;
use bytes::Bytes;
use strongroom_kernel::ports::{ContentKey, ContentStore, PortError, Staged};

/// A store whose uploads may leave space for a head.
#[async_trait]
pub trait Headed: ContentStore {
    /// Begins content as [`ContentStore::stage`] does, behind `head` bytes that come last.
    ///
    /// # Errors
    /// As [`ContentStore::stage`].
    async fn stage_behind(&self, head: u64) -> Result<Box<dyn HeadedStaged>, PortError>;
}

/// Content on its way in behind a head.
#[async_trait]
pub trait HeadedStaged: Staged {
    /// Puts `head` before the content, which must be as long as was said, and keeps both under `key`.
    ///
    /// # Errors
    /// As [`Staged::keep`].
    async fn keep_behind(self: Box<Self>, head: Bytes, key: &ContentKey) -> Result<(), PortError>;
}
