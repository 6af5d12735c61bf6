//! Where the steps come in: each is told to the journal of the folder it happens in.

use std::{
    fs,
    io::IoSlice,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    journal::{Journal, Step},
    tree::FileId,
};

static WATCHED: Mutex<Vec<Weak<Journal>>> = Mutex::new(Vec::new());
static TIME: AtomicU64 = AtomicU64::new(0);

pub(super) fn watch(journal: &Arc<Journal>) {
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    watched.retain(|journal| journal.strong_count() > 0);
    watched.push(Arc::downgrade(journal));
}

/// The latest journal for `path`, and `path` in it.
fn find(path: &Path) -> Option<(Arc<Journal>, PathBuf)> {
    let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    watched.iter().rev().filter_map(Weak::upgrade).find_map(|journal| {
        let inside = journal.inside(path)?;
        Some((journal, inside))
    })
}

fn tick() -> u64 {
    TIME.fetch_add(1, Ordering::SeqCst)
}

/// Everything before this time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Covered(u64);

/// A file, and the journal it is in, if one is kept.
#[derive(Debug)]
pub(crate) struct Seen(Option<(Arc<Journal>, FileId)>);

impl Seen {
    pub(crate) fn made(path: &Path) -> Self {
        Self(find(path).map(|(journal, path)| {
            let file = journal.make(tick(), path);
            (journal, file)
        }))
    }

    pub(crate) fn opened(path: &Path) -> Self {
        Self(find(path).and_then(|(journal, path)| {
            let file = journal.file(&path)?;
            Some((journal, file))
        }))
    }

    /// A file that no step was seen of: as if it was made and written just now.
    pub(crate) fn written_by_others(path: &Path) -> Self {
        let seen = Self::made(path);
        if seen.0.is_some()
            && let Ok(content) = fs::read(path)
        {
            seen.wrote(&content, 0);
        }
        seen
    }

    pub(crate) fn wrote(&self, content: &[u8], offset: u64) {
        self.record(|file| Step::Write(file, offset, content.to_vec()));
    }

    pub(crate) fn wrote_slices(&self, slices: &[IoSlice<'_>], written: usize, offset: u64) {
        self.record(|file| {
            let mut content = slices.iter().map(|slice| &**slice).collect::<Vec<_>>().concat();
            content.truncate(written);
            Step::Write(file, offset, content)
        });
    }

    pub(crate) fn resized(&self, length: u64) {
        self.record(|file| Step::Resize(file, length));
    }

    pub(crate) fn punched(&self, offset: u64, length: u64) {
        self.record(|file| Step::Punch(file, offset, length));
    }

    pub(crate) fn synced(&self, covered: Covered) {
        self.record(|file| Step::Sync(file, covered.0));
    }

    fn record(&self, step: impl FnOnce(FileId) -> Step) {
        if let Some((journal, file)) = &self.0 {
            journal.record(tick(), step(*file));
        }
    }
}

pub(crate) fn before_sync() -> Covered {
    Covered(TIME.load(Ordering::SeqCst))
}

pub(crate) fn synced_folder(path: &Path, covered: Covered) {
    record(path, |path| Step::SyncFolder(path, covered.0));
}

pub(crate) fn made_folder(path: &Path) {
    record(path, Step::MakeFolder);
}

pub(crate) fn removed(path: &Path) {
    record(path, Step::Remove);
}

pub(crate) fn renamed(from: &Path, to: &Path) {
    // Both are on one file system, and by our own use in one watched folder.
    if let Some((journal, from)) = find(from)
        && let Some(to) = journal.inside(to)
    {
        journal.rename(tick(), from, to);
    }
}

fn record(path: &Path, step: impl FnOnce(PathBuf) -> Step) {
    if let Some((journal, path)) = find(path) {
        journal.record(tick(), step(path));
    }
}
