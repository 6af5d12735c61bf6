//! Where content lives: large pieces each by themselves, small ones together in packs.

use std::{fmt::Debug, ops::Range, pin::Pin};

use async_trait::async_trait;
use bytes::Bytes;
use futures::Stream;
use strongroom_model::{Digest, Domain};

use super::PortError;

/// Content in pieces, each at most 1 MiB.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, PortError>> + Send>>;

/// Names one content: equal content of two domains is two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentKey {
    /// Borders of deduplication.
    pub domain: Domain,
    /// SHA-256 of the plain content.
    pub digest: Digest,
}

/// Keeps large immutable content under its domain and digest.
///
/// Safe to call from many tasks. Does not know who refers to what: deletion is decided elsewhere.
/// It does not verify on reading either; the kernel's one door for reads does.
#[async_trait]
pub trait ContentStore: Debug + Send + Sync {
    /// Begins content whose digest is not known yet. Nothing is visible before [`Staged::keep`].
    ///
    /// # Errors
    /// `Full` when the reserve would be touched, `Unavailable`.
    async fn stage(&self) -> Result<Box<dyn Staged>, PortError>;

    /// Plain length in bytes of the content under `key`, if it is there.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn size(&self, key: &ContentKey) -> Result<Option<u64>, PortError>;

    /// The bytes of `range` (of the plain content); a range past the end is short, never an error.
    ///
    /// # Errors
    /// `Missing` when nothing is there, `Unavailable`; `Corrupt` where the backend itself can tell.
    async fn read(&self, key: &ContentKey, range: Range<u64>) -> Result<ByteStream, PortError>;

    /// Removes the content; absent content is removed already.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn remove(&self, key: &ContentKey) -> Result<(), PortError>;

    /// Up to `limit` stored keys after `after` in an order of the store's own, with their plain lengths.
    /// An empty page is the end.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn list(
        &self,
        after: Option<&ContentKey>,
        limit: usize,
    ) -> Result<Vec<(ContentKey, u64)>, PortError>;

    /// Removes what uploads left behind that were neither kept nor discarded before a crash.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn sweep_staged(&self) -> Result<u64, PortError>;
}

/// Content on its way in. Dropping it discards it.
#[async_trait]
pub trait Staged: Send {
    /// Takes the next piece; waits when the backend is behind.
    ///
    /// # Errors
    /// `Full`, `Unavailable`; the upload is then lost.
    async fn write(&mut self, piece: Bytes) -> Result<(), PortError>;

    /// Makes it durable and visible under `key`. Content already there stays and counts as kept.
    ///
    /// # Errors
    /// `Full`, `Unavailable`; it may then be visible or not, whole in either case.
    async fn keep(self: Box<Self>, key: &ContentKey) -> Result<(), PortError>;

    /// Forgets it.
    async fn discard(self: Box<Self>);
}

/// Where a small content stands in the packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackPosition {
    /// Number of the pack file, from 0.
    pub pack: u32,
    /// Where its entry begins in the file.
    pub offset: u64,
    /// Length of the stored payload in bytes (not always that of the plain content: see encryption).
    pub length: u32,
}

/// A sync that was begun and must have ended before the positions it covers may be committed.
#[must_use]
pub struct PendingSync(Box<dyn FnOnce() -> Result<(), PortError> + Send>);

impl PendingSync {
    /// A sync that `wait` waits for.
    pub fn new(wait: impl FnOnce() -> Result<(), PortError> + Send + 'static) -> Self {
        Self(Box::new(wait))
    }

    /// Blocks until the appended content is durable.
    ///
    /// # Errors
    /// `Full`, `Unavailable`: the content may or may not have reached the disk, its unit must not be committed.
    pub fn wait(self) -> Result<(), PortError> {
        (self.0)()
    }
}

impl Debug for PendingSync {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PendingSync")
    }
}

/// Keeps small content in append-only files. Blocking: called on the writer's own thread.
///
/// One writer; reads come from many threads. What was appended behind the last committed position
/// never happened: [`Packs::recover`] cuts it off.
pub trait Packs: Debug + Send + Sync {
    /// Appends all `contents` and begins one sync for them, which runs beside the caller.
    ///
    /// # Errors
    /// `Full` when the reserve would be touched, `Unavailable`; nothing of it is then readable.
    fn append(&self, contents: &[&[u8]]) -> Result<(Vec<PackPosition>, PendingSync), PortError>;

    /// The plain content at `position`, with its checksum tested.
    ///
    /// # Errors
    /// `Corrupt` when the entry is not what was appended, `Missing`, `Unavailable`.
    fn read(&self, position: PackPosition) -> Result<Bytes, PortError>;

    /// Tests that an entry of this length begins at `position`, erased or not.
    ///
    /// # Errors
    /// `Corrupt` when none does, also where the pack itself is gone; `Unavailable`.
    fn stands(&self, position: PackPosition) -> Result<(), PortError>;

    /// Overwrites the payload at `position` and gives its space back to the file system, in place.
    /// Its header stays, marked as erased. Durable when it returns; may be called twice.
    ///
    /// # Errors
    /// `Unavailable`.
    fn erase(&self, position: PackPosition) -> Result<(), PortError>;

    /// Makes ready for appending behind `end`, the last committed position (`None`: none was ever committed):
    /// whatever stands behind it is cut off. Called once, before anything else.
    ///
    /// # Errors
    /// `Corrupt` when the entry at `end` is not whole, `Unavailable`.
    fn recover(&self, end: Option<PackPosition>) -> Result<(), PortError>;
}
