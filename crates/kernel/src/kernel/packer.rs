//! What moves small content out of the database, and how far it is.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use parking_lot::Mutex;
use strongroom_model::Timestamp;

use crate::ports::{ContentKey, PackObjects};

/// How small content is moved out of the database.
#[derive(Debug, Clone)]
pub struct PackingPart {
    /// Where to.
    pub objects: Arc<dyn PackObjects>,
    /// Bytes of content that make an object; also the most that is in one.
    pub bytes: u64,
    /// What waits longer is moved though it does not make a whole object.
    pub after: Duration,
}

/// What was moved, and what is left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PackingFigures {
    /// Contents that waited in the database when it was looked at last, at most 65,536.
    pub waiting_contents: u64,
    /// Their bytes.
    pub waiting_bytes: u64,
    /// Objects that hold contents, when they were looked at last.
    pub objects: u64,
    /// Contents moved out of the database since the start.
    pub moved_contents: u64,
    /// Their bytes.
    pub moved_bytes: u64,
}

/// Moves contents, one object at a time.
#[derive(Debug)]
pub(crate) struct Packer {
    pub(crate) part: PackingPart,
    pub(crate) turn: tokio::sync::Mutex<Turn>,
    pub(crate) figures: Mutex<PackingFigures>,
    /// Numbers of objects that were found damaged or missing since the start: they stay as they are.
    pub(crate) damaged: Mutex<BTreeSet<u32>>,
}

/// What whoever changes objects holds.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// The last content that was taken: the next object begins behind it, so that none waits for ever.
    pub(crate) taken: Option<ContentKey>,
    /// Since when something waits, as far as this process has seen.
    pub(crate) waiting_since: Option<Timestamp>,
}

impl Packer {
    pub(crate) fn new(part: PackingPart) -> Self {
        Self {
            part,
            turn: tokio::sync::Mutex::default(),
            figures: Mutex::default(),
            damaged: Mutex::default(),
        }
    }
}
