//! Files that survive a power loss. Whoever writes a file of Strongroom's own writes it through here.
//!
//! Reading order: `folders.rs` (entries that stay), `whole.rs` (files that are there whole or not at all),
//! `file.rs` (files that grow or change in place, whose writers sync themselves). All functions block.
//!
//! The only place of the workspace that renames files. With the feature `watch`, which only tests take, each step is
//! kept in a journal, and the folder is made again as a power loss at any step could have left it (`watch/`).

mod file;
mod folders;
mod whole;

#[cfg(not(feature = "watch"))]
mod unwatched;
#[cfg(feature = "watch")]
pub mod watch;

#[cfg(not(feature = "watch"))]
use unwatched as hooks;
#[cfg(feature = "watch")]
use watch::hooks;

pub use file::File;
pub use folders::{create_folder, create_private_folder, parent, sync_folder};
pub use whole::{adopt, copy, create, place, remove, rename_new, replace, write};

/// Who may read a file that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The owner alone (mode 0600).
    Private,
    /// Whoever the umask lets (mode 0666 less the umask).
    Public,
}

impl Access {
    const fn mode(self) -> u32 {
        match self {
            Self::Private => 0o600,
            Self::Public => 0o666,
        }
    }
}
