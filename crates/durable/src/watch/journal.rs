//! What was done, in its order, by files and names.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    History,
    tree::{FileId, Tree},
};

/// One thing that was done. Paths are relative to the watched folder.
#[derive(Debug, Clone)]
pub(super) enum Step {
    MakeFolder(PathBuf),
    Make(PathBuf, FileId),
    Rename(PathBuf, PathBuf, FileId),
    Remove(PathBuf),
    Write(FileId, u64, Vec<u8>),
    Resize(FileId, u64),
    Punch(FileId, u64, u64),
    /// All of the file that was done before the time.
    Sync(FileId, u64),
    /// All names in the folder that were changed before the time.
    SyncFolder(PathBuf, u64),
}

/// A step, and when it was done: the times of all journals are one sequence.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) time: u64,
    pub(super) step: Step,
}

#[derive(Debug)]
pub(super) struct Journal {
    root: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    base: Tree,
    entries: Vec<Entry>,
    /// Which file has which name now.
    names: BTreeMap<PathBuf, FileId>,
    next: FileId,
}

impl Journal {
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let root = std::path::absolute(folder)?;
        let base = Tree::read(&root)?;
        let (names, next) = (base.files.clone(), base.contents.len());
        Ok(Self { root, state: Mutex::new(State { base, entries: Vec::new(), names, next }) })
    }

    pub(super) fn length(&self) -> usize {
        self.state().entries.len()
    }

    pub(super) fn history(&self) -> History {
        let state = self.state();
        History::new(state.base.clone(), state.entries.clone())
    }

    /// `path` from the watched folder, if it is below that or the folder itself.
    pub(super) fn inside(&self, path: &Path) -> Option<PathBuf> {
        std::path::absolute(path).ok()?.strip_prefix(&self.root).ok().map(Path::to_owned)
    }

    pub(super) fn record(&self, time: u64, step: Step) {
        let mut state = self.state();
        if let Step::Remove(path) = &step {
            state.names.remove(path);
        }
        state.entries.push(Entry { time, step });
    }

    /// A new file of the name `path`.
    pub(super) fn make(&self, time: u64, path: PathBuf) -> FileId {
        let mut state = self.state();
        let file = state.next;
        state.next += 1;
        state.names.insert(path.clone(), file);
        state.entries.push(Entry { time, step: Step::Make(path, file) });
        file
    }

    /// The file called `from` is called `to`; nothing where none of that name was seen.
    pub(super) fn rename(&self, time: u64, from: PathBuf, to: PathBuf) {
        let mut state = self.state();
        if let Some(file) = state.names.remove(&from) {
            state.names.insert(to.clone(), file);
            state.entries.push(Entry { time, step: Step::Rename(from, to, file) });
        }
    }

    pub(super) fn file(&self, path: &Path) -> Option<FileId> {
        self.state().names.get(path).copied()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
