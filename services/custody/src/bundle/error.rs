//! Why there is no bundle, or why one does not prove anything.

use std::fmt::Display;

use strongroom_kernel::ports::PortError;
use strongroom_ledger::checkpoint::CheckpointError;

use super::zip::ZipError;

/// Why there is no bundle, or why one does not prove anything.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Not the zip file of a bundle.
    #[error("the bundle cannot be read")]
    Zip(#[from] ZipError),
    /// A form that this program does not know.
    #[error("the bundle is of version {0}, which this program does not know")]
    Version(u64),
    /// A file is missing.
    #[error("{0} is missing")]
    Missing(String),
    /// A file is there that belongs to no bundle.
    #[error("{0} does not belong there")]
    Foreign(String),
    /// A file is not what it must be.
    #[error("{file}: {what}")]
    File {
        /// Its name.
        file: String,
        /// What is wrong with it.
        what: String,
    },
    /// The checkpoint is not of the ledger whose key was given, or not signed with it.
    #[error("the checkpoint cannot be believed")]
    Checkpoint(#[from] CheckpointError),
    /// Nothing to prove.
    #[error("no leaf tells of it")]
    Empty,
    /// More leaves than one bundle has.
    #[error("more than {} leaves tell of it: ask for a time (from, to)", super::MAX_LEAVES)]
    TooMany,
    /// Records, tiles or anchors could not be read.
    #[error("read the ledger")]
    Port(#[from] PortError),
    /// Tiles and checkpoint do not fit.
    #[error("make a proof: {0}")]
    Proof(String),
}

impl BundleError {
    /// `file` is not what it must be.
    pub(super) fn file(file: impl Into<String>, what: &(impl Display + ?Sized)) -> Self {
        Self::File { file: file.into(), what: what.to_string() }
    }
}
