//! The kernel: a unit of work is stored, recorded in the ledger and announced together.
//!
//! Reading order: [`mod@unit`] (what a unit is), [`record`] (how it stands in the ledger), [`ports`] (what is
//! asked of databases, stores and sinks), `start` (what a kernel is made of), `commit` (how many units become durable
//! at once), `recording` and `reading` (how logins, denials and reads come into the ledger), `ledger` (tree, tiles,
//! checkpoints), [`index`] (which leaves tell of what), `relay` (announcements). The kernel knows no service, no SQL
//! dialect, no S3 and no HTTP.

pub mod index;
pub mod ports;
pub mod record;
pub mod unit;
pub mod verify;

mod anchoring;
mod attest;
mod command;
mod commit;
mod erasure;
mod error;
mod indexing;
mod kernel;
mod ledger;
mod packing;
mod progress;
mod queue;
mod reading;
mod rebuild;
mod recording;
mod relay;
mod retention;
mod row;
mod snapshot;
mod start;
mod state;
mod sweep;
mod upload;

pub use anchoring::{AnchorPart, AnchoredCheckpoint, SCHEMA};
pub use command::{Command, Done};
pub use commit::{Once, OnceKey};
pub use erasure::{Belongs, ErasureReport, ErasureRequest, ErasureSubject, list_erasure};
pub use error::from_port;
pub use kernel::{Kernel, PackingFigures, PackingPart, Readiness, SinkPart};
pub use ledger::{
    ForwardPart, ForwardState, KeptReceipt, LedgerView, Probed, ProofError, Published, Receipt, WitnessPart,
    WitnessState, shared,
};
pub use reading::{Content, ContentBody, ContentRead};
pub use rebuild::rebuild;
pub use row::{
    Column, ColumnType, ContentColumns, Json, Kind, MAX_SAFE_INTEGER, Migration, Row, Schema, Table,
    TextList, Unique, Value,
};
pub use snapshot::Snapshot;
pub use start::Parts;
pub use sweep::{DELETE_AFTER, ScrubStep};
pub use unit::{Action, Event, Expectation, Operation, State, Subject, Unit, UnitResult};
pub use upload::{Upload, Uploaded};
pub use uuid::Uuid;
