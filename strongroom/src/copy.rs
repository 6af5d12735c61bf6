//! Copies of files and folders that survive a power loss, for backups and what is made of them.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use strongroom_durable::{self as durable, Access};
use strongroom_kernel::verify::Progress;

/// Files to be copied, with the lengths they had when they were listed.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    files: Vec<PathBuf>,
    bytes: u64,
}

impl Listing {
    /// All files in or below `root`/`inside`, by their paths from `root`. An absent folder has none.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(crate) fn add(&mut self, root: &Path, inside: &Path) -> Result<()> {
        let folder = root.join(inside);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).with_context(|| format!("list {}", folder.display())),
        };
        for entry in entries {
            let entry = entry.with_context(|| format!("list {}", folder.display()))?;
            let path = inside.join(entry.file_name());
            let Ok(facts) = entry.metadata() else { continue };
            if facts.is_dir() {
                self.add(root, &path)?;
            } else if facts.is_file() {
                self.bytes += facts.len();
                self.files.push(path);
            }
        }
        Ok(())
    }

    /// The file at `path`, which lies in `root`, if it is there.
    ///
    /// # Errors
    /// When that cannot be told, or it lies elsewhere.
    pub(crate) fn add_file(&mut self, root: &Path, path: &Path) -> Result<()> {
        match fs::metadata(path) {
            Ok(facts) => self.bytes += facts.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).with_context(|| format!("look at {}", path.display())),
        }
        let inside = path.strip_prefix(root).with_context(|| format!("{} lies elsewhere", path.display()))?;
        self.files.push(inside.to_owned());
        Ok(())
    }

    /// Copies the files from `root` to `target`, which must not have them yet. Durable when it returns; before, each
    /// file is there whole or not at all.
    ///
    /// A file that went meanwhile is left out: what nobody refers to may be deleted beside a backup.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub(crate) fn copy(&self, root: &Path, target: &Path, progress: &dyn Progress) -> Result<()> {
        progress.begin("bytes copied", self.bytes);
        for path in &self.files {
            let to = target.join(path);
            if let Some(folder) = to.parent() {
                durable::create_folder(folder).with_context(|| format!("make {}", folder.display()))?;
            }
            let copied = file(&root.join(path), &to).with_context(|| format!("copy {}", path.display()))?;
            progress.advance(copied);
        }
        for folder in self.folders() {
            let folder = target.join(folder);
            durable::sync_folder(&folder).with_context(|| format!("sync {}", folder.display()))?;
        }
        Ok(())
    }

    fn folders(&self) -> std::collections::BTreeSet<&Path> {
        self.files.iter().filter_map(|path| path.parent()).collect()
    }
}

/// Copies one file, private to its owner, and returns its length. An absent one is nothing.
fn file(from: &Path, to: &Path) -> io::Result<u64> {
    let mut source = match File::open(from) {
        Ok(source) => source,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    durable::copy(&mut source, to, Access::Private)
}

#[cfg(test)]
mod tests {
    use strongroom_kernel::verify::Silent;

    use super::*;

    #[test]
    fn a_tree_is_copied_once_and_never_over_another() {
        let parent = tempfile::tempdir().unwrap();
        let (from, to) = (parent.path().join("from"), parent.path().join("to"));
        fs::create_dir_all(from.join("packs/deep")).unwrap();
        fs::File::create(from.join("packs/0")).unwrap();
        io::Write::write_all(&mut File::create(from.join("packs/deep/1")).unwrap(), b"one").unwrap();
        let mut listing = Listing::default();
        listing.add(&from, Path::new("packs")).unwrap();
        listing.add(&from, Path::new("absent")).unwrap();
        assert_eq!(listing.bytes, 3);
        listing.copy(&from, &to, &Silent).unwrap();
        assert_eq!(fs::read(to.join("packs/deep/1")).unwrap(), b"one");
        assert_eq!(fs::read(to.join("packs/0")).unwrap(), b"");
        listing.copy(&from, &to, &Silent).unwrap_err();
    }
}
