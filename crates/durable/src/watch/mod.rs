//! For tests: a journal of all that is done below a folder, and the folder as a power loss could have left it.
//!
//! ```no_run
//! use strongroom_durable::{Access, watch::Watch};
//!
//! let folder = std::path::Path::new("/tmp/data");
//! let watch = Watch::begin(folder)?;
//! strongroom_durable::write(&folder.join("checkpoint"), b"one", Access::Public)?;
//! let acknowledged = watch.now();
//! for crash in watch.history().crashes(4) {
//!     let after = std::path::Path::new("/tmp/after");
//!     crash.leave(after)?;
//!     // open `after`: if `crash.is_after(acknowledged)`, the checkpoint must be there
//! }
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! What is assumed of the disk is as little as POSIX promises. Content is there once its file was synced after it
//! was written; before, each write is there, lost, or torn: any sector of it new, old, zeros or rubbish, its length
//! reached or not. A name that was made, changed or removed is so once its folder was synced after that; before, it
//! is or it is not, each for itself. Syncing a file makes no name durable, and syncing a folder no content.

mod crash;
mod fate;
pub(crate) mod hooks;
mod journal;
mod tree;

use std::{io, path::Path, sync::Arc};

pub use crash::{Crash, History};

use self::journal::Journal;

/// Keeps the journal of one folder for as long as it lives.
#[derive(Debug)]
pub struct Watch {
    journal: Arc<Journal>,
}

/// A moment in a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(usize);

impl Watch {
    /// Begins to watch `folder`, all that is in it taken for durable.
    ///
    /// # Errors
    /// When what is in it cannot be read.
    pub fn begin(folder: &Path) -> io::Result<Self> {
        let journal = Arc::new(Journal::new(folder)?);
        hooks::watch(&journal);
        Ok(Self { journal })
    }

    /// This moment: what has returned was done before it.
    pub fn now(&self) -> Moment {
        Moment(self.journal.length())
    }

    /// All that was done so far.
    pub fn history(&self) -> History {
        self.journal.history()
    }
}
