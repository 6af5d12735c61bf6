//! A folder in memory: names, and the contents behind them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use crate::{Access, File};

/// A file, whatever its name.
pub(super) type FileId = usize;

/// Paths are relative to its root, which is no entry of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) folders: BTreeSet<PathBuf>,
    pub(super) files: BTreeMap<PathBuf, FileId>,
    pub(super) contents: Vec<Vec<u8>>,
}

impl Tree {
    /// All files in and below `root`.
    pub(super) fn read(root: &Path) -> io::Result<Self> {
        let mut tree = Self::default();
        tree.read_folder(root, Path::new(""))?;
        Ok(tree)
    }

    fn read_folder(&mut self, root: &Path, inside: &Path) -> io::Result<()> {
        for entry in fs::read_dir(root.join(inside))? {
            let entry = entry?;
            let path = inside.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.folders.insert(path.clone());
                self.read_folder(root, &path)?;
            } else {
                self.files.insert(path, self.contents.len());
                self.contents.push(fs::read(entry.path())?);
            }
        }
        Ok(())
    }

    /// The content of a file, which grows with its first write.
    pub(super) fn content(&mut self, file: FileId) -> &mut Vec<u8> {
        if self.contents.len() <= file {
            self.contents.resize_with(file + 1, Vec::new);
        }
        &mut self.contents[file]
    }

    /// Writes everything that can be reached from the root into `folder`, which is empty. Files are private.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        for path in self.folders.iter().filter(|path| self.is_reached(path)) {
            fs::create_dir(folder.join(path))?;
        }
        for (path, file) in self.files.iter().filter(|(path, _)| self.is_reached(path)) {
            let content = self.contents.get(*file).map_or(&[][..], Vec::as_slice);
            File::create_new(&folder.join(path), Access::Private)?.write_all_at(content, 0)?;
        }
        Ok(())
    }

    /// Whether all folders above `path` are there.
    fn is_reached(&self, path: &Path) -> bool {
        let above = path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
        above.into_iter().all(|above| self.folders.contains(above))
    }
}
