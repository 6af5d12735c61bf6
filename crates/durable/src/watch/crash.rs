//! The folder as a power loss at some step leaves it.

use std::{collections::BTreeMap, fmt, io, path::Path};

use super::{
    Moment,
    fate::{Fate, Written},
    journal::{Entry, Step},
    tree::{FileId, Tree},
};
use crate::parent;

/// All that was done in a folder while it was watched.
#[derive(Debug, Clone)]
pub struct History {
    base: Tree,
    entries: Vec<Entry>,
}

/// A power loss at one step, and what it does to what was not synced.
#[derive(Debug, Clone, Copy)]
pub struct Crash<'a> {
    history: &'a History,
    at: usize,
    fate: Fate,
}

impl History {
    pub(super) fn new(base: Tree, entries: Vec<Entry>) -> Self {
        Self { base, entries }
    }

    /// How many steps there were.
    pub fn steps(&self) -> usize {
        self.entries.len()
    }

    /// A power loss before the first step, and after each; at each, all that was not synced lost or kept, all
    /// content or all names lost, and `drawn` times each step for itself.
    pub fn crashes(&self, drawn: u64) -> impl Iterator<Item = Crash<'_>> {
        (0..=self.entries.len()).flat_map(move |at| {
            let same = [Fate::Lost, Fate::Kept, Fate::Empty, Fate::Zeros, Fate::Nameless];
            let each = (0..drawn).map(move |seed| Fate::Drawn(seed * 1_000_003 + at as u64));
            same.into_iter().chain(each).map(move |fate| Crash { history: self, at, fate })
        })
    }

    /// As [`History::crashes`], but only some `count` of them, spread evenly: for what is slow to open again.
    pub fn some_crashes(&self, drawn: u64, count: usize) -> impl Iterator<Item = Crash<'_>> {
        let fates = 5 + usize::try_from(drawn).unwrap_or(usize::MAX);
        let step = ((self.entries.len() + 1) * fates / count.max(1)).max(1);
        // One more than a multiple: all fates have their turns.
        self.crashes(drawn).step_by(step.next_multiple_of(fates) + 1)
    }
}

impl Crash<'_> {
    /// Whether everything that had returned at `moment` was done.
    pub fn is_after(&self, moment: Moment) -> bool {
        moment.0 <= self.at
    }

    /// Makes what is left, in `folder`, which is empty.
    ///
    /// # Errors
    /// Of the file system.
    pub fn leave(&self, folder: &Path) -> io::Result<()> {
        self.left().write(folder)
    }

    fn left(&self) -> Tree {
        let mut tree = self.history.base.clone();
        let done = &self.history.entries[..self.at];
        let synced = Synced::of(done);
        for (number, entry) in done.iter().enumerate() {
            let name_kept =
                |path: &Path| synced.covers_name(path, entry.time) || self.fate.keeps_name(number);
            let written = |file: FileId| {
                if synced.covers_content(file, entry.time) {
                    Written::Whole
                } else {
                    self.fate.of_content(number)
                }
            };
            match &entry.step {
                Step::MakeFolder(path) if name_kept(path) => {
                    tree.folders.insert(path.clone());
                }
                Step::Make(path, file) if name_kept(path) => {
                    tree.files.insert(path.clone(), *file);
                }
                Step::Rename(from, to, file) if name_kept(to) => {
                    tree.files.retain(|path, other| path != from || other != file);
                    tree.files.insert(to.clone(), *file);
                }
                Step::Remove(path) if name_kept(path) => {
                    tree.files.remove(path);
                }
                Step::Write(file, offset, bytes) => {
                    let offset = usize::try_from(*offset).expect("what a test writes is in memory");
                    written(*file).write(tree.content(*file), offset, bytes);
                }
                Step::Resize(file, length) if written(*file).is_done() => {
                    let length = usize::try_from(*length).expect("what a test writes is in memory");
                    tree.content(*file).resize(length, 0);
                }
                Step::Punch(file, offset, length) if written(*file).is_done() => {
                    let content = tree.content(*file);
                    let end = |at: u64| usize::try_from(at).map_or(content.len(), |at| at.min(content.len()));
                    let (from, to) = (end(*offset), end(*offset + *length));
                    content[from..to].fill(0);
                }
                _ => {}
            }
        }
        tree
    }
}

impl fmt::Display for Crash<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.at.checked_sub(1).map(|last| &self.history.entries[last].step);
        let last = match last {
            None => "nothing was done".to_owned(),
            Some(Step::Write(file, offset, bytes)) => {
                format!("{} bytes were written at {offset} of file {file}", bytes.len())
            }
            Some(step) => format!("{step:?}"),
        };
        write!(
            formatter,
            "power loss at step {} of {} ({:?}), after {last}",
            self.at,
            self.history.entries.len(),
            self.fate
        )
    }
}

/// Up to which time the content of each file and the names of each folder are on the disk.
#[derive(Debug, Default)]
struct Synced<'a> {
    files: BTreeMap<FileId, u64>,
    folders: BTreeMap<&'a Path, u64>,
}

impl<'a> Synced<'a> {
    fn of(done: &'a [Entry]) -> Self {
        let mut synced = Self::default();
        for entry in done {
            let (until, time) = match &entry.step {
                Step::Sync(file, time) => (synced.files.entry(*file).or_default(), time),
                Step::SyncFolder(path, time) => (synced.folders.entry(path.as_path()).or_default(), time),
                _ => continue,
            };
            *until = (*until).max(*time);
        }
        synced
    }

    fn covers_content(&self, file: FileId, time: u64) -> bool {
        self.files.get(&file).is_some_and(|until| time < *until)
    }

    fn covers_name(&self, path: &Path, time: u64) -> bool {
        let folder = if path.components().count() > 1 { parent(path) } else { Path::new("") };
        self.folders.get(folder).is_some_and(|until| time < *until)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::{super::Watch, *};
    use crate::{Access, File, create_folder, sync_folder, write};

    /// Every content that `path` can have after a power loss, `None` when it is not there.
    fn outcomes(history: &History, at: Option<Moment>, path: &str) -> BTreeSet<Option<Vec<u8>>> {
        let crashes = history.crashes(20).filter(|crash| at.is_none_or(|at| crash.is_after(at)));
        crashes
            .map(|crash| {
                let folder = tempfile::tempdir().unwrap();
                crash.leave(folder.path()).unwrap();
                fs::read(folder.path().join(path)).ok()
            })
            .collect()
    }

    fn some(texts: &[&str]) -> BTreeSet<Option<Vec<u8>>> {
        texts.iter().map(|text| Some(text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_durable_write_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"one", Access::Private).unwrap();
        let watch = Watch::begin(folder.path()).unwrap();
        write(&path, b"two", Access::Private).unwrap();
        let written = watch.now();
        assert_eq!(outcomes(&watch.history(), None, "file"), some(&["one", "two"]));
        assert_eq!(outcomes(&watch.history(), Some(written), "file"), some(&["two"]));
    }

    #[test]
    fn each_missing_sync_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let (beside, path) = (folder.path().join("beside"), folder.path().join("file"));
        let watch = Watch::begin(folder.path()).unwrap();
        let file = File::create_new(&beside, Access::Private).unwrap();
        file.write_all_at(b"two", 0).unwrap();
        crate::rename_new(&beside, &path).unwrap();
        sync_folder(folder.path()).unwrap();
        let named = watch.now();
        // Without a sync of the file: the name is there, and anything behind it.
        let found = outcomes(&watch.history(), Some(named), "file");
        assert!(!found.contains(&None) && found.len() > 2, "{found:?}");
        file.sync_all().unwrap();
        let synced = watch.now();
        assert_eq!(outcomes(&watch.history(), Some(synced), "file"), some(&["two"]));
        // Without a sync of the folder: the name may be gone.
        let watch = Watch::begin(folder.path()).unwrap();
        crate::remove(&path).unwrap();
        let removed = watch.now();
        let both: BTreeSet<_> = some(&["two"]).into_iter().chain([None]).collect();
        assert_eq!(outcomes(&watch.history(), Some(removed), "file"), both);
        sync_folder(folder.path()).unwrap();
        assert_eq!(outcomes(&watch.history(), Some(watch.now()), "file"), [None].into());
    }

    #[test]
    fn what_is_in_a_folder_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        let watch = Watch::begin(folder.path()).unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        super::super::hooks::made_folder(&folder.path().join("a"));
        create_folder(&deep).unwrap();
        write(&deep.join("file"), b"one", Access::Private).unwrap();
        let written = watch.now();
        assert!(outcomes(&watch.history(), Some(written), "a/b/file").contains(&None));
        create_folder(&folder.path().join("a")).unwrap();
        assert_eq!(outcomes(&watch.history(), Some(watch.now()), "a/b/file"), some(&["one"]));
    }

    #[test]
    fn a_sync_covers_only_what_was_written_before_it_began() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let watch = Watch::begin(folder.path()).unwrap();
        let file = File::create_new(&path, Access::Private).unwrap();
        sync_folder(folder.path()).unwrap();
        file.write_all_at(b"one", 0).unwrap();
        let covered = super::super::hooks::before_sync();
        file.write_all_at(b"two", 0).unwrap();
        super::super::hooks::Seen::opened(&path).synced(covered);
        let found = outcomes(&watch.history(), Some(watch.now()), "file");
        assert!(found.is_superset(&some(&["one", "two"])), "{found:?}");
    }
}
