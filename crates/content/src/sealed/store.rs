//! Large content, sealed in a store, in bounded memory.
//!
//! The tag is over all of a content, so reading is two passes: the first tests the tag and notes a digest for
//! each chunk of ciphertext, the second opens chunk by chunk what still has that digest. So no byte leaves that
//! was not under the tag, not even when the stored content changes between the passes.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{TryStreamExt, stream};
use strongroom_kernel::ports::{ByteStream, ContentKey, ContentStore, PortError, Rng, RngExt, Staged};
use strongroom_model::Digest;

use super::{
    BoxKey, HEAD, Head, NONCE,
    cipher::{self, Cipher, Tag},
};
use crate::headed::{Headed, HeadedStaged};

/// Bytes that are opened at once.
const CHUNK: usize = 1 << 20;
/// Bytes that are encrypted without letting other tasks run.
const AT_ONCE: usize = 128 << 10;

/// A store whose contents are sealed. Lengths are those of the plain content.
#[derive(Debug)]
pub struct SealedStore<S> {
    inner: Arc<S>,
    key: BoxKey,
    rng: Arc<dyn Rng>,
}

impl<S: Headed> SealedStore<S> {
    /// Seals with `key` what goes into `inner`, with nonces from `rng`.
    pub fn new(inner: S, key: BoxKey, rng: Arc<dyn Rng>) -> Self {
        Self::around(Arc::new(inner), key, rng)
    }

    /// As [`SealedStore::new`], around a store that others use too.
    pub fn around(inner: Arc<S>, key: BoxKey, rng: Arc<dyn Rng>) -> Self {
        Self { inner, key, rng }
    }
}

#[async_trait]
impl<S: Headed> ContentStore for SealedStore<S> {
    async fn stage(&self) -> Result<Box<dyn Staged>, PortError> {
        let inner = self.inner.stage_behind(HEAD as u64).await?;
        let nonce = self.rng.bytes();
        let (cipher, tag) = cipher::begin(&self.key, &nonce);
        Ok(Box::new(SealedStaged { inner, nonce, cipher, tag }))
    }

    async fn size(&self, key: &ContentKey) -> Result<Option<u64>, PortError> {
        self.inner.size(key).await?.map(plain_length).transpose()
    }

    async fn read(&self, key: &ContentKey, range: Range<u64>) -> Result<ByteStream, PortError> {
        let mut pass = Chunks::new(self.inner.read(key, 0..u64::MAX).await?);
        let head =
            pass.next(HEAD).await?.and_then(|head| head[..].try_into().ok()).map(Head).ok_or_else(damaged)?;
        let (mut cipher, mut tag) = cipher::begin(&self.key, head.nonce());
        let mut digests = Vec::new();
        let mut first = Bytes::new();
        let mut length = 0;
        while let Some(chunk) = pass.next(CHUNK).await? {
            tag.update(&chunk);
            length += chunk.len() as u64;
            digests.push(Digest::of(&chunk));
            if digests.len() == 1 {
                first = chunk;
            }
        }
        if !head.has(tag) {
            return Err(damaged());
        }
        let range = range.start.min(length)..range.end.min(length);
        if digests.len() <= 1 || range.is_empty() {
            return Ok(opened_whole(cipher, first, range));
        }
        let place = range.start / CHUNK as u64;
        let begins = place * CHUNK as u64;
        cipher.seek(begins);
        let until = range.end.next_multiple_of(CHUNK as u64).min(length);
        let stored = self.inner.read(key, HEAD as u64 + begins..HEAD as u64 + until).await?;
        let digests: Vec<Digest> = digests.split_off(usize::try_from(place).map_err(|_| damaged())?);
        let opening =
            Opening { chunks: Chunks::new(stored), digests: digests.into_iter(), cipher, begins, range };
        Ok(Box::pin(stream::try_unfold(opening, |mut opening| async move {
            Ok(opening.next().await?.map(|piece| (piece, opening)))
        })))
    }

    async fn remove(&self, key: &ContentKey) -> Result<(), PortError> {
        self.inner.remove(key).await
    }

    async fn list(
        &self,
        after: Option<&ContentKey>,
        limit: usize,
    ) -> Result<Vec<(ContentKey, u64)>, PortError> {
        let page = self.inner.list(after, limit).await?;
        // A damaged content is listed all the same: whoever lists looks for what may go.
        Ok(page.into_iter().map(|(key, stored)| (key, stored.saturating_sub(HEAD as u64))).collect())
    }

    async fn sweep_staged(&self) -> Result<u64, PortError> {
        self.inner.sweep_staged().await
    }
}

/// The bytes of `range` out of a content of one chunk, already tested.
fn opened_whole(mut cipher: Cipher, ciphertext: Bytes, range: Range<u64>) -> ByteStream {
    if range.is_empty() {
        return Box::pin(stream::empty());
    }
    let mut plain = BytesMut::from(ciphertext);
    cipher.apply(&mut plain);
    Box::pin(stream::iter([Ok(sliced(&plain.freeze(), 0, &range))]))
}

/// The part of `chunk`, which begins at `begins`, that is in `range`.
fn sliced(chunk: &Bytes, begins: u64, range: &Range<u64>) -> Bytes {
    let within = |position: u64| {
        usize::try_from(position.saturating_sub(begins)).unwrap_or(usize::MAX).min(chunk.len())
    };
    chunk.slice(within(range.start)..within(range.end))
}

fn plain_length(stored: u64) -> Result<u64, PortError> {
    stored.checked_sub(HEAD as u64).ok_or_else(damaged)
}

fn damaged() -> PortError {
    PortError::corrupt("open sealed content: it is not what was sealed with this key")
}

/// The second pass.
struct Opening {
    chunks: Chunks,
    digests: std::vec::IntoIter<Digest>,
    cipher: Cipher,
    /// Where the next chunk begins in the plain content.
    begins: u64,
    range: Range<u64>,
}

impl Opening {
    async fn next(&mut self) -> Result<Option<Bytes>, PortError> {
        if self.begins >= self.range.end {
            return Ok(None);
        }
        let chunk = self.chunks.next(CHUNK).await?.ok_or_else(damaged)?;
        if self.digests.next() != Some(Digest::of(&chunk)) {
            return Err(damaged());
        }
        let mut plain = BytesMut::from(chunk);
        self.cipher.apply(&mut plain);
        let piece = sliced(&plain.freeze(), self.begins, &self.range);
        self.begins += CHUNK as u64;
        Ok(Some(piece))
    }
}

/// The same bytes, as many at once as is asked for.
struct Chunks {
    pieces: ByteStream,
    rest: Bytes,
}

impl Chunks {
    fn new(pieces: ByteStream) -> Self {
        Self { pieces, rest: Bytes::new() }
    }

    /// The next `count` bytes, fewer at the end, `None` behind it.
    async fn next(&mut self, count: usize) -> Result<Option<Bytes>, PortError> {
        let mut gathered = BytesMut::new();
        loop {
            let wanted = count - gathered.len();
            let taken = self.rest.split_to(self.rest.len().min(wanted));
            if taken.len() == count {
                return Ok(Some(taken));
            }
            gathered.extend_from_slice(&taken);
            if gathered.len() == count {
                return Ok(Some(gathered.freeze()));
            }
            match self.pieces.try_next().await? {
                Some(piece) => self.rest = piece,
                None => return Ok((!gathered.is_empty()).then(|| gathered.freeze())),
            }
        }
    }
}

struct SealedStaged {
    inner: Box<dyn HeadedStaged>,
    nonce: [u8; NONCE],
    cipher: Cipher,
    tag: Tag,
}

#[async_trait]
impl Staged for SealedStaged {
    async fn write(&mut self, mut piece: Bytes) -> Result<(), PortError> {
        while !piece.is_empty() {
            let mut part = BytesMut::from(piece.split_to(piece.len().min(AT_ONCE)));
            self.cipher.apply(&mut part);
            self.tag.update(&part);
            self.inner.write(part.freeze()).await?;
            if !piece.is_empty() {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    async fn keep(self: Box<Self>, key: &ContentKey) -> Result<(), PortError> {
        let Self { inner, nonce, tag, cipher: _ } = *self;
        let head = [&nonce[..], &tag.finish()].concat();
        inner.keep_behind(head.into(), key).await
    }

    async fn discard(self: Box<Self>) {
        self.inner.discard().await;
    }
}
