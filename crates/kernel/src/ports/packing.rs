//! Small content that lies in a database until it is moved, with others, into objects of the content store.
//!
//! A database that keeps small content itself offers [`Packing`]; [`PackObjects`] are the objects. `crate::packing`
//! moves content between the two and keeps the order that a crash cannot break.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;
use strongroom_model::{Digest, Domain, Timestamp};

use super::{ContentEntry, ContentKey, PackPosition, Place, PortError};

/// Where a small content stands in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectPosition {
    /// SHA-256 of the object, its name in the content store.
    pub object: Digest,
    /// Number of the object, and where in it.
    pub at: PackPosition,
}

/// How far an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectState {
    /// It may be in the store or not, whole or in part.
    Begun,
    /// Whole in the store; contents are in it, or were.
    Filled,
    /// No content is in it, nor ever will be, since this time: it is to be removed.
    Condemned(Timestamp),
}

/// What the database knows of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackObject {
    /// Its number; never given twice.
    pub number: u32,
    /// SHA-256 of its bytes, its name in the content store.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// Bytes of all payloads in it.
    pub payload: u64,
    /// Bytes of the payloads that contents are at; the rest is dead.
    pub live: u64,
    /// How far it is.
    pub state: ObjectState,
}

/// One content on its way into an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackMove {
    /// Which content.
    pub key: ContentKey,
    /// Where it was when its bytes were taken: in the database, or in an object.
    pub from: Place,
    /// Where in the new object it is.
    pub to: PackPosition,
}

/// Small content that waits in the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many contents; counting ends at 65,536.
    pub contents: u64,
    /// Bytes of those that were counted, as stored.
    pub bytes: u64,
}

/// The side of the database: which contents wait, which objects there are, and what is in them.
///
/// One caller at a time changes objects; contents are written and forgotten by others meanwhile.
#[async_trait]
pub trait Packing: Debug + Send + Sync {
    /// How much waits. Empty contents do not: they stay in the database.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn waiting(&self) -> Result<Waiting, PortError>;

    /// Contents that wait, with their bytes as stored, after `after` in the order of their keys, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn waiting_contents(
        &self,
        after: Option<&ContentKey>,
        limit: usize,
    ) -> Result<Vec<(ContentKey, Bytes)>, PortError>;

    /// A number that no object had before.
    ///
    /// # Errors
    /// `Unavailable`; `Full` after 2^32 objects.
    async fn next_object(&self) -> Result<u32, PortError>;

    /// Notes that an object is about to be written, as [`ObjectState::Begun`] and with nothing live in it.
    /// Durable when it returns.
    ///
    /// # Errors
    /// `Conflict` when there is one of this number or digest, `Unavailable`.
    async fn begin_object(&self, object: &PackObject) -> Result<(), PortError>;

    /// Says that the contents of `moves` are in object `number` now, and takes their bytes out of the database: all
    /// in one step, for each content that still is where it was taken from; the others stay as they are. The object
    /// is [`ObjectState::Filled`] then. Returns how many contents and how many bytes of payload were moved.
    ///
    /// May be called several times for one object, with other contents.
    ///
    /// # Errors
    /// `Missing` when there is no such object, or it is condemned; `Unavailable`: it may have been carried out.
    async fn fill_object(&self, number: u32, moves: &[PackMove]) -> Result<(u64, u64), PortError>;

    /// Entries of the contents in object `number`, in their order in it.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn packed_contents(&self, number: u32) -> Result<Vec<ContentEntry>, PortError>;

    /// Objects with numbers above `after`, in that order, at most `limit`; an empty page is the end.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn objects(&self, after: Option<u32>, limit: usize) -> Result<Vec<PackObject>, PortError>;

    /// Condemns at `now` every object in which no content is, those that were begun and never filled included.
    /// To be called while none is being written.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn condemn_objects(&self, now: Timestamp) -> Result<u64, PortError>;

    /// Forgets a condemned object, once it is gone from the store.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn forget_object(&self, number: u32) -> Result<(), PortError>;

    /// Whether an object of this digest is known, whatever its state.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn knows_object(&self, digest: &Digest) -> Result<bool, PortError>;
}

/// An object in memory, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaidOut {
    /// SHA-256 of it.
    pub digest: Digest,
    /// All of it.
    pub bytes: Bytes,
    /// Where each content is, in the order given.
    pub positions: Vec<PackPosition>,
}

/// The side of the content store: objects of many small contents each, written once and whole.
#[async_trait]
pub trait PackObjects: Debug + Send + Sync {
    /// Puts contents together as object `number`. Takes CPU, and nothing else.
    fn lay_out(&self, number: u32, contents: &[Bytes]) -> LaidOut;

    /// Writes the object, and reads it back to see that it is there as it should be. Durable when it returns.
    ///
    /// # Errors
    /// `Full`, `Unavailable`; `Corrupt` when something else came back. It may be there or not.
    async fn write(&self, object: &LaidOut) -> Result<(), PortError>;

    /// The bytes of one content as stored, with their checksum tested; reads no more than these.
    ///
    /// # Errors
    /// `Missing` when the object is not there, `Corrupt`, `Unavailable`.
    async fn read(&self, position: ObjectPosition) -> Result<Bytes, PortError>;

    /// The bytes at these positions of one object of `size` bytes, read at once; and whether the whole of it still has
    /// its digest.
    ///
    /// # Errors
    /// `Missing` when the object is not there, `Corrupt` when it is shorter, `Unavailable`.
    async fn payloads(
        &self,
        object: &Digest,
        size: u64,
        positions: &[PackPosition],
    ) -> Result<(Vec<Bytes>, bool), PortError>;

    /// Removes an object; one that is not there is removed already.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn remove(&self, object: &Digest) -> Result<(), PortError>;

    /// The domain under which the content store lists the objects.
    fn domain(&self) -> &Domain;
}

/// Seals small content before it goes where anybody may look, and opens it again.
pub trait Sealer: Debug + Send + Sync {
    /// What to store in place of `plain`.
    fn seal(&self, plain: &[u8]) -> Vec<u8>;

    /// The plain content.
    ///
    /// # Errors
    /// `Corrupt` when it was not sealed by this.
    fn open(&self, sealed: &[u8]) -> Result<Bytes, PortError>;
}
