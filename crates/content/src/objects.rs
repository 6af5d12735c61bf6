//! Small contents together in objects of a content store: pack files in form (`packs/format.rs`), written once and
//! whole, and read by ranges.
//!
//! An object is content of the domain `kernel/objects` under the digest of its bytes, beside the large contents. It
//! is not sealed as a whole, so that one content can be read without the others; contents come here sealed.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;
use strongroom_kernel::ports::{
    ContentKey, ContentStore, LaidOut, ObjectPosition, PackObjects, PackPosition, PortError,
};
use strongroom_model::{Digest, DigestHasher, Domain};

use crate::packs::format::{ENTRY_HEADER, FILE_HEADER, State, entry_header, file_header, parse_entry_header};

/// Objects in a store.
#[derive(Debug, Clone)]
pub struct ObjectPacks {
    store: Arc<dyn ContentStore>,
    domain: Domain,
}

impl ObjectPacks {
    /// Objects in `store`, which does not seal.
    ///
    /// # Panics
    /// Never: the name of the domain is well formed.
    pub fn new(store: Arc<dyn ContentStore>) -> Self {
        let domain = Domain::new("kernel", "objects").expect("a well-formed domain");
        Self { store, domain }
    }

    fn key(&self, object: &Digest) -> ContentKey {
        ContentKey { domain: self.domain.clone(), digest: *object }
    }

    async fn range(&self, object: &Digest, range: Range<u64>) -> Result<Bytes, PortError> {
        let length = usize::try_from(range.end - range.start).map_err(|_| damaged("is too long"))?;
        let mut pieces = self.store.read(&self.key(object), range).await?;
        let mut bytes = BytesMut::new();
        while let Some(piece) = pieces.try_next().await? {
            if bytes.len() + piece.len() > length {
                return Err(damaged("gives more than was asked for"));
            }
            if bytes.is_empty() && piece.len() == length {
                return Ok(piece);
            }
            bytes.extend_from_slice(&piece);
        }
        if bytes.len() == length { Ok(bytes.freeze()) } else { Err(damaged("is too short")) }
    }
}

fn damaged(how: &str) -> PortError {
    PortError::corrupt(format!("read an object of small contents: it {how}"))
}

#[async_trait]
impl PackObjects for ObjectPacks {
    fn lay_out(&self, number: u32, contents: &[Bytes]) -> LaidOut {
        let length = contents.iter().map(|content| ENTRY_HEADER + content.len()).sum::<usize>() + FILE_HEADER;
        let mut bytes = BytesMut::with_capacity(length);
        bytes.extend_from_slice(&file_header(number));
        let mut positions = Vec::with_capacity(contents.len());
        for content in contents {
            let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
            positions.push(PackPosition { pack: number, offset: bytes.len() as u64, length });
            bytes.extend_from_slice(&entry_header(content));
            bytes.extend_from_slice(content);
        }
        let bytes = bytes.freeze();
        LaidOut { digest: Digest::of(&bytes), bytes, positions }
    }

    async fn write(&self, object: &LaidOut) -> Result<(), PortError> {
        let key = self.key(&object.digest);
        let mut staged = self.store.stage().await?;
        staged.write(object.bytes.clone()).await?;
        staged.keep(&key).await?;
        let mut hasher = DigestHasher::new();
        let mut pieces = self.store.read(&key, 0..object.bytes.len() as u64 + 1).await?;
        while let Some(piece) = pieces.try_next().await? {
            hasher.update(&piece);
        }
        if hasher.finish() == object.digest { Ok(()) } else { Err(damaged("is not what was written")) }
    }

    async fn read(&self, position: ObjectPosition) -> Result<Bytes, PortError> {
        let ObjectPosition { object, at } = position;
        let end = at.offset.checked_add(ENTRY_HEADER as u64 + u64::from(at.length));
        let end = end.ok_or_else(|| damaged("has no such place"))?;
        let mut entry = self.range(&object, at.offset..end).await?;
        let head = entry.split_to(ENTRY_HEADER);
        let unsound = |error| damaged("has no such entry").with_source(error);
        let header = parse_entry_header(&head).map_err(unsound)?;
        if header.state != State::Live {
            return Err(damaged("has an erased entry there"));
        }
        header.check_sum(&entry).map_err(unsound)?;
        Ok(entry)
    }

    async fn payloads(
        &self,
        object: &Digest,
        size: u64,
        positions: &[PackPosition],
    ) -> Result<(Vec<Bytes>, bool), PortError> {
        let whole = self.range(object, 0..size).await?;
        let bytes = whole.clone();
        let digest = tokio::task::spawn_blocking(move || Digest::of(&bytes))
            .await
            .map_err(|error| PortError::unavailable("test an object").with_source(error))?;
        let payload = |at: &PackPosition| {
            let begin = usize::try_from(at.offset).ok()?.checked_add(ENTRY_HEADER)?;
            let end = begin.checked_add(usize::try_from(at.length).ok()?)?;
            (end <= whole.len()).then(|| whole.slice(begin..end))
        };
        let payloads = positions.iter().map(|at| payload(at).ok_or_else(|| damaged("is too short")));
        Ok((payloads.collect::<Result<_, _>>()?, digest == *object))
    }

    async fn remove(&self, object: &Digest) -> Result<(), PortError> {
        self.store.remove(&self.key(object)).await
    }

    fn domain(&self) -> &Domain {
        &self.domain
    }
}
