//! What the kernel asks of databases, content stores, sinks, anchors, clocks and randomness.
//!
//! Each port is a document first: what is durable when a call returns, what may be called twice, what an
//! error leaves behind. The contract suites of `strongroom-contract` hold every adapter to it.

mod anchor;
mod clock;
mod content;
mod database;
mod error;
mod fetch;
mod packing;
mod rng;
mod sink;
mod terms;
mod tiles;
mod tlog;

pub use anchor::{Anchor, AnchorProof};
pub use clock::{Clock, SystemClock};
pub use content::{ByteStream, ContentKey, ContentStore, PackPosition, Packs, PendingSync, Staged};
pub use database::{
    Batch, ContentEntry, Database, Erasure, EventPosition, Head, IdempotentReply, Note, PAGE_BYTES, Place,
    Prepared, Query, Reach, ReadRows, RowFilter, SealedRecord, Stamp, StoredEvent, StoredRecord, StoredRow,
    UnitOutcome,
};
pub use error::{PortError, PortErrorKind};
pub use fetch::{Fetch, FetchError, FetchLimits, FetchStream, Fetched};
pub use packing::{
    LaidOut, ObjectPosition, ObjectState, PackMove, PackObject, PackObjects, Packing, Sealer, Waiting,
};
pub use rng::{Rng, RngExt, SystemRng};
pub use sink::{Sink, SinkError};
pub use terms::{RunState, TermBlock, TermChange, TermRun, TermStore};
pub use tiles::TileStore;
pub use tlog::{LogSource, SharedAnswer, SharedLedger, Witness, WitnessAnswer};
