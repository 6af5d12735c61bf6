//! In place of `watch`, where nobody watches: nothing.

use std::{io::IoSlice, path::Path};

/// A file of which nobody keeps a journal.
#[derive(Debug)]
pub(crate) struct Seen;

/// How much a sync covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Covered;

impl Seen {
    pub(crate) fn made(_: &Path) -> Self {
        Self
    }

    pub(crate) fn opened(_: &Path) -> Self {
        Self
    }

    pub(crate) fn written_by_others(_: &Path) -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "as the one that watches")]
    pub(crate) fn wrote(&self, _: &[u8], _: u64) {}

    #[expect(clippy::unused_self, reason = "as the one that watches")]
    pub(crate) fn wrote_slices(&self, _: &[IoSlice<'_>], _: usize, _: u64) {}

    #[expect(clippy::unused_self, reason = "as the one that watches")]
    pub(crate) fn resized(&self, _: u64) {}

    #[expect(clippy::unused_self, reason = "as the one that watches")]
    pub(crate) fn punched(&self, _: u64, _: u64) {}

    #[expect(clippy::unused_self, reason = "as the one that watches")]
    pub(crate) fn synced(&self, _: Covered) {}
}

pub(crate) fn before_sync() -> Covered {
    Covered
}

pub(crate) fn synced_folder(_: &Path, _: Covered) {}

pub(crate) fn made_folder(_: &Path) {}

pub(crate) fn renamed(_: &Path, _: &Path) {}

pub(crate) fn removed(_: &Path) {}
