//! Content on its way into a bucket: spooled to a local file, then put under its key.
//!
//! Memory is bounded for all uploads together: so many parts are read and sent at once and no more.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::{MultipartUpload, ObjectStoreExt, path::Path};
use strongroom_durable::File;
use strongroom_kernel::ports::{ContentKey, PortError, Staged};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinError, JoinSet},
};

use super::{Bucket, error::port_error};
use crate::{
    blocking,
    headed::HeadedStaged,
    staging::{StagedFile, Staging},
};

/// Content up to this length is put in one request, longer content in parts of at least this length.
const PART: u64 = 8 << 20;
/// S3 takes at most 10,000 parts.
const MAX_PARTS: u64 = 10_000;
/// Parts of one upload that are under way at once.
const PARTS_OF_ONE: usize = 2;
/// Parts of all uploads that are under way at once.
const PARTS_OF_ALL: usize = 4;

const DOING: &str = "write content to S3";

/// Leave to hold a part in memory.
#[derive(Debug)]
pub(super) struct Parts(Arc<Semaphore>);

impl Default for Parts {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PARTS_OF_ALL)))
    }
}

impl Parts {
    async fn take(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.0).acquire_owned().await.expect("the semaphore is never closed")
    }
}

pub(super) async fn begin(
    bucket: &Arc<Bucket>,
    staging: &Staging,
    head: u64,
) -> Result<Box<S3Staged>, PortError> {
    Ok(Box::new(S3Staged { file: staging.begin(head).await?, bucket: Arc::clone(bucket) }))
}

pub(super) struct S3Staged {
    file: StagedFile,
    bucket: Arc<Bucket>,
}

#[async_trait]
impl Staged for S3Staged {
    async fn write(&mut self, piece: Bytes) -> Result<(), PortError> {
        self.file.write(piece).await
    }

    async fn keep(self: Box<Self>, key: &ContentKey) -> Result<(), PortError> {
        self.keep_behind(Bytes::new(), key).await
    }

    async fn discard(self: Box<Self>) {}
}

#[async_trait]
impl HeadedStaged for S3Staged {
    async fn keep_behind(mut self: Box<Self>, head: Bytes, key: &ContentKey) -> Result<(), PortError> {
        let length = self.file.finish().await?;
        let file = self.file.file();
        blocking::run(DOING, move || file.write_all_at(&head, 0)).await?;
        // Content that is there already stays, unless it is not as long as it must be.
        if self.bucket.size(key).await? == Some(length) {
            return Ok(());
        }
        // Before the content: what is listed has a domain.
        self.bucket.name_domain(&key.domain).await?;
        let path = self.bucket.path(key);
        if length <= PART { self.put(&path, length).await } else { self.put_parts(&path, length).await }
    }
}

impl S3Staged {
    async fn put(&self, path: &Path, length: u64) -> Result<(), PortError> {
        let _leave = self.bucket.parts.take().await;
        let content = read(self.file.file(), 0, length).await?;
        let put = self.bucket.client.put(path, content.into()).await;
        put.map(|_| ()).map_err(|error| port_error(DOING, error))
    }

    async fn put_parts(&self, path: &Path, length: u64) -> Result<(), PortError> {
        let begun = self.bucket.client.put_multipart(path).await;
        let mut upload = begun.map_err(|error| port_error(DOING, error))?;
        let sent = self.send_parts(&mut *upload, length).await;
        let done = match sent {
            Ok(()) => upload.complete().await.map(|_| ()).map_err(|error| port_error(DOING, error)),
            Err(error) => Err(error),
        };
        if done.is_err() {
            // What this cannot clear away is invisible, and ended at a later start.
            let _ = upload.abort().await;
        }
        done
    }

    /// Sends all parts, a few at once. They are begun in their order, which numbers them.
    async fn send_parts(&self, upload: &mut dyn MultipartUpload, length: u64) -> Result<(), PortError> {
        // Tasks of their own: they go on while this one waits for leave. Dropping the set ends them.
        let mut sending = JoinSet::new();
        let part = part_length(length);
        let mut offset = 0;
        while offset < length {
            if sending.len() >= PARTS_OF_ONE {
                finished(sending.join_next().await)?;
            }
            let leave = self.bucket.parts.take().await;
            let content = read(self.file.file(), offset, part.min(length - offset)).await?;
            let sent = upload.put_part(content.into());
            sending.spawn(async move {
                let sent = sent.await;
                drop(leave);
                sent
            });
            offset += part;
        }
        while !sending.is_empty() {
            finished(sending.join_next().await)?;
        }
        Ok(())
    }
}

fn finished(sent: Option<Result<object_store::Result<()>, JoinError>>) -> Result<(), PortError> {
    match sent {
        None => Ok(()),
        Some(Ok(sent)) => sent.map_err(|error| port_error(DOING, error)),
        Some(Err(error)) => Err(PortError::unavailable(DOING).with_source(error)),
    }
}

/// Length of the parts of a content: whole MiB, so that [`MAX_PARTS`] are enough.
fn part_length(length: u64) -> u64 {
    PART.max(length.div_ceil(MAX_PARTS).next_multiple_of(1 << 20))
}

async fn read(file: Arc<File>, offset: u64, length: u64) -> Result<Bytes, PortError> {
    blocking::run("read spooled content", move || {
        let mut part = vec![0; usize::try_from(length).map_err(std::io::Error::other)?];
        file.read_exact_at(&mut part, offset)?;
        Ok(part.into())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_never_too_many() {
        assert_eq!(part_length(PART + 1), PART);
        assert_eq!(part_length(MAX_PARTS * PART), PART);
        for length in [MAX_PARTS * PART + 1, 5 << 40] {
            assert!(length.div_ceil(part_length(length)) <= MAX_PARTS, "{length}");
        }
    }
}
