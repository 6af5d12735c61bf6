//! Files that survive a power loss: written beside their place, synced, renamed, the folder synced.
//!
//! The only place of the workspace that renames files. Content that streams in is written by `staging.rs` and
//! comes here for its last step; packs are appended to in place and have their own rules (`packs`).
//! All functions block.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::{
    fs::{CWD, RenameFlags},
    io::Errno,
};

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

/// Makes `folder` and what is missing above it. Durable when it returns, also when it was there before:
/// whoever made it may have died before its entry was synced.
///
/// # Errors
/// Of the file system; `NotADirectory` when a file is in the way.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if !fs::metadata(folder)?.is_dir() {
                return Err(ErrorKind::NotADirectory.into());
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            create_folder(parent(folder))?;
            return create_folder(folder);
        }
        Err(error) => return Err(error),
    }
    sync_folder(parent(folder))
}

/// Syncs the entries of `folder`: what was made, renamed or removed in it stays so.
///
/// # Errors
/// Of the file system.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes `content` to `path`, replacing what was there. Durable when it returns; a reader or a crash sees the
/// old content or the new one, never a part.
///
/// # Errors
/// Of the file system; the old content is then there, or after a failed last sync perhaps the new one.
pub fn write(path: &Path, content: &[u8], access: Access) -> io::Result<()> {
    let temporary = Temporary::new(path, content, access)?;
    temporary.file.sync_all()?;
    temporary.rename(path)?;
    sync_folder(parent(path))
}

/// Writes `content` to `path` as [`write()`] does, but nothing is synced: a crash may lose it, and on some file
/// systems leave it empty. For what can be made again, and is checked when it is read.
///
/// # Errors
/// Of the file system; the old content is then still there.
pub fn replace(path: &Path, content: &[u8], access: Access) -> io::Result<()> {
    Temporary::new(path, content, access)?.rename(path)
}

/// Writes `content` to `path` where nothing is yet, durably: for keys, which are never replaced.
///
/// # Errors
/// `AlreadyExists`, and what the file system says; nothing is there then that was not before, or after a failed
/// last sync perhaps the whole file.
pub fn create(path: &Path, content: &[u8], access: Access) -> io::Result<()> {
    let temporary = Temporary::new(path, content, access)?;
    temporary.file.sync_all()?;
    if !rename_new(&temporary.path, path)? {
        return Err(ErrorKind::AlreadyExists.into());
    }
    sync_folder(parent(path))
}

/// Moves `from` to `to` within one file system unless `to` is there already; tells whether it moved.
/// Syncs neither file nor folder.
///
/// # Errors
/// Of the file system.
#[expect(clippy::disallowed_methods, reason = "this is the place that may rename")]
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<bool> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        // Some network file systems know no such flag. Two at once may then both move: the content is the same.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            if to.try_exists()? {
                return Ok(false);
            }
            fs::rename(from, to).map(|()| true)
        }
        Err(error) => Err(error.into()),
    }
}

/// The folder that `path` stands in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// A file beside its place to be, removed again unless it was renamed.
struct Temporary {
    path: PathBuf,
    file: File,
    renamed: bool,
}

impl Temporary {
    fn new(target: &Path, content: &[u8], access: Access) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = target.file_name().ok_or(ErrorKind::InvalidInput)?.to_string_lossy();
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = target.with_file_name(format!(".{name}.{number}.tmp"));
            match OpenOptions::new().write(true).create_new(true).mode(access.mode()).open(&path) {
                Ok(file) => {
                    let mut temporary = Self { path, file, renamed: false };
                    temporary.file.write_all(content)?;
                    return Ok(temporary);
                }
                // Left behind by a process that died.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the place that may rename")]
    fn rename(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // After `rename_new` it is gone already; else what cannot be removed is only litter.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_write_replaces_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        write(&path, b"one", Access::Public).unwrap();
        write(&path, b"two", Access::Public).unwrap();
        replace(&path, b"three", Access::Public).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(names(folder.path()), ["checkpoint"]);
    }

    #[test]
    fn a_key_is_private_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        create(&path, b"one", Access::Private).unwrap();
        assert_eq!(create(&path, b"two", Access::Private).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(folder.path()), ["key"]);
    }

    #[test]
    fn folders_are_made_with_all_above_them_and_twice() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        create_folder(&deep).unwrap();
        create_folder(&deep).unwrap();
        assert!(deep.is_dir());
        replace(&folder.path().join("file"), b"", Access::Public).unwrap();
        assert!(create_folder(&folder.path().join("file")).is_err());
        assert!(create_folder(&folder.path().join("file/below")).is_err());
    }

    #[test]
    fn a_leftover_of_a_dead_process_does_not_stand_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        for number in 0..200 {
            File::create(folder.path().join(format!(".checkpoint.{number}.tmp"))).unwrap();
        }
        write(&path, b"new", Access::Public).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }
}
