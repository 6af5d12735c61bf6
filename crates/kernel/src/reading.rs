//! The one door for reads of content: verified before it is served, recorded in the ledger.

use std::{ops::Range, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};
use strongroom_model::{Caller, Digest, DigestHasher, Domain, Error, ErrorKind};

use crate::{
    error::from_port,
    kernel::Kernel,
    ports::{ByteStream, ContentEntry, ContentKey, ContentStore, Place, PortError, PortErrorKind},
    unit::{Action, Subject, Unit},
};

/// Content up to this length is read and verified in memory; longer content in chunks of this length.
const CHUNK: u64 = 1 << 20;

/// Who reads what.
#[derive(Debug, Clone)]
pub struct ContentRead {
    /// Who asks.
    pub caller: Caller,
    /// The word in the record.
    pub action: Action,
    /// What he asked for.
    pub subject: Subject,
    /// Where the content is deduplicated.
    pub domain: Domain,
    /// Which content.
    pub digest: Digest,
    /// Which bytes of it; all when `None`. Held to the length of the content.
    pub range: Option<Range<u64>>,
}

/// Verified content.
#[derive(Debug)]
pub struct Content {
    /// Length of the whole content in bytes.
    pub size: u64,
    /// The bytes asked for.
    pub body: ContentBody,
}

/// Bytes of verified content.
pub enum ContentBody {
    /// All of them.
    Whole(Bytes),
    /// In pieces, each verified before it is given.
    Stream(ByteStream),
}

impl std::fmt::Debug for ContentBody {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(bytes) => write!(formatter, "Whole({} bytes)", bytes.len()),
            Self::Stream(_) => formatter.write_str("Stream"),
        }
    }
}

impl Kernel {
    /// Opens content for reading: verified before the first byte, recorded within 50 ms.
    ///
    /// # Errors
    /// `NotFound` when the content is gone; `Internal` when it is not what was stored, and never a byte of it;
    /// `Unavailable` when it cannot be read or the read cannot be recorded.
    pub async fn read_content(&self, read: ContentRead) -> Result<Content, Error> {
        let ContentRead { caller, action, subject, domain, digest, range } = read;
        let key = ContentKey { domain, digest };
        let content = self.verified(&key, range).await?;
        self.record_read(&caller, action, &[(subject, key)])?;
        Ok(content)
    }

    /// Reads several contents of one request, each at most `limit` bytes, under one leaf.
    ///
    /// # Errors
    /// As [`Kernel::read_content`].
    pub async fn read_contents(
        &self,
        caller: &Caller,
        action: Action,
        reads: Vec<(Subject, Domain, Digest)>,
    ) -> Result<Vec<Content>, Error> {
        let reads: Vec<(Subject, ContentKey)> = reads
            .into_iter()
            .map(|(subject, domain, digest)| (subject, ContentKey { domain, digest }))
            .collect();
        let mut contents = Vec::with_capacity(reads.len());
        for (_, key) in &reads {
            contents.push(self.verified(key, None).await?);
        }
        self.record_read(caller, action, &reads)?;
        Ok(contents)
    }

    fn record_read(
        &self,
        caller: &Caller,
        action: Action,
        reads: &[(Subject, ContentKey)],
    ) -> Result<(), Error> {
        let recorder = &self.inner.recorder;
        let fresh: Vec<_> = reads
            .iter()
            .filter(|(subject, key)| recorder.is_new_read(caller, action, &subject.id, key))
            .collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let mut unit = Unit::new(caller, action);
        for (subject, key) in &fresh {
            unit.subjects.push(subject.clone());
            unit.touched.push((key.domain.clone(), key.digest));
        }
        self.inner.queue.push_access(self.inner.prepare(&unit, None)).inspect_err(|_| {
            for (subject, key) in fresh {
                recorder.forget_read(caller, action, &subject.id, key);
            }
        })
    }

    /// Content without a record of the read, for the kernel's own work.
    pub(crate) async fn verified(
        &self,
        key: &ContentKey,
        range: Option<Range<u64>>,
    ) -> Result<Content, Error> {
        let entry = self.inner.database.content(key).await.map_err(from_port)?;
        let entry = entry.ok_or_else(|| Error::new(ErrorKind::NotFound, "content not found"))?;
        let size = entry.size;
        let range = match range {
            None => 0..size,
            Some(range) => range.start.min(size)..range.end.min(size).max(range.start.min(size)),
        };
        let body = match entry.place {
            Place::Store if size > CHUNK => {
                ContentBody::Stream(verified_stream(&self.inner.store, &entry, range).await.map_err(gone)?)
            }
            _ => {
                let whole = self.whole(&entry).await.map_err(gone)?;
                let (start, end) = (bounded(range.start), bounded(range.end));
                ContentBody::Whole(whole.slice(start..end))
            }
        };
        Ok(Content { size, body })
    }

    async fn whole(&self, entry: &ContentEntry) -> Result<Bytes, PortError> {
        let bytes = match entry.place {
            Place::Pack(_) | Place::Database | Place::Object(_) => self.small().bytes(entry).await?,
            Place::Store => {
                let stream = self.inner.store.read(&entry.key, 0..entry.size).await?;
                let pieces: Vec<Bytes> = stream.try_collect().await?;
                if pieces.len() == 1 { pieces[0].clone() } else { pieces.concat().into() }
            }
        };
        if bytes.len() as u64 == entry.size && Digest::of(&bytes) == entry.key.digest {
            Ok(bytes)
        } else {
            Err(PortError::corrupt(format!("read content {}: it is not what was stored", entry.key.digest)))
        }
    }
}

/// Absent bytes behind a known entry are `NotFound`, everything else is as the port says.
fn gone(error: PortError) -> Error {
    if error.kind == PortErrorKind::Missing {
        tracing::error!(error = %error, "stored content is gone");
        Error::new(ErrorKind::NotFound, "content not found").with_source(error)
    } else {
        from_port(error)
    }
}

fn bounded(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// Verifies the whole content and notes the digest of each chunk, then serves each chunk only if it still
/// has that digest: what changes between the two passes is not served either.
async fn verified_stream(
    store: &Arc<dyn ContentStore>,
    entry: &ContentEntry,
    range: Range<u64>,
) -> Result<ByteStream, PortError> {
    let corrupt = || PortError::corrupt("read content: it is not what was stored");
    let mut whole = DigestHasher::new();
    let mut chunks = Vec::new();
    let mut pass = chunked(store.read(&entry.key, 0..entry.size).await?);
    let mut length = 0;
    while let Some(chunk) = pass.try_next().await? {
        whole.update(&chunk);
        length += chunk.len() as u64;
        chunks.push(Digest::of(&chunk));
    }
    if length != entry.size || whole.finish() != entry.key.digest {
        return Err(corrupt());
    }
    let first = range.start / CHUNK;
    let from = first * CHUNK;
    let second =
        chunked(store.read(&entry.key, from..range.end.next_multiple_of(CHUNK).min(entry.size)).await?);
    let expected = stream::iter(chunks.into_iter().skip(bounded(first)));
    let served = second.zip(expected).enumerate().map(move |(place, (chunk, digest))| {
        let chunk = chunk?;
        if Digest::of(&chunk) != digest {
            return Err(corrupt());
        }
        let begins = from + place as u64 * CHUNK;
        let start = bounded(range.start.saturating_sub(begins)).min(chunk.len());
        let end = bounded(range.end.saturating_sub(begins)).min(chunk.len());
        Ok(chunk.slice(start..end.max(start)))
    });
    Ok(Box::pin(served))
}

/// The same bytes in chunks of [`CHUNK`], the last one shorter.
fn chunked(pieces: ByteStream) -> ByteStream {
    let chunk = bounded(CHUNK);
    Box::pin(stream::unfold(
        (pieces, BytesMut::new(), false),
        move |(mut pieces, mut held, mut ended)| async move {
            while !ended && held.len() < chunk {
                match pieces.next().await {
                    Some(Ok(piece)) => held.extend_from_slice(&piece),
                    Some(Err(error)) => return Some((Err(error), (pieces, BytesMut::new(), true))),
                    None => ended = true,
                }
            }
            if held.is_empty() {
                return None;
            }
            let next = held.split_to(held.len().min(chunk)).freeze();
            Some((Ok(next), (pieces, held, ended)))
        },
    ))
}
