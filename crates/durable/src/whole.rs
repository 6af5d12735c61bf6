//! Files that are there whole or not at all: written beside their place, synced, renamed, the folder synced.

use std::{
    fs,
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::{
    fs::{CWD, RenameFlags},
    io::Errno,
};

use crate::{Access, File, folders::parent, hooks, sync_folder};

/// Bytes that are copied at once.
const PIECE: usize = 1 << 20;

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

/// Writes `content` to `path` as [`write()`] does, but the folder is not synced: a crash may lose the file, and never
/// leaves a part of it.
///
/// # Errors
/// Of the file system; the old content is then still there.
pub fn place(path: &Path, content: &[u8], access: Access) -> io::Result<()> {
    let temporary = Temporary::new(path, content, access)?;
    temporary.file.sync_data()?;
    temporary.rename(path)
}

/// Writes `content` to `path` where nothing is yet, durably: for keys, which are never replaced.
///
/// # Errors
/// `AlreadyExists`, and what the file system says; nothing is there then that was not before, or after a failed
/// last sync perhaps the whole file.
pub fn create(path: &Path, content: &[u8], access: Access) -> io::Result<()> {
    Temporary::new(path, content, access)?.settle(path)?;
    sync_folder(parent(path))
}

/// Writes all that `source` has to `path`, where nothing is yet; tells how many bytes.
///
/// The file is whole whenever it is seen, also after a crash. That it is seen then needs a sync of the folder, which
/// many copies may share.
///
/// # Errors
/// Of `source`, and as [`create`].
pub fn copy(source: &mut impl Read, path: &Path, access: Access) -> io::Result<u64> {
    let temporary = Temporary::new(path, &[], access)?;
    let mut piece = vec![0; PIECE];
    let mut copied = 0;
    loop {
        let length = match source.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        temporary.file.write_all_at(&piece[..length], copied)?;
        copied += length as u64;
    }
    temporary.settle(path)?;
    Ok(copied)
}

/// Makes the finished file `made`, which something else wrote, durable under the name `path` in the same file
/// system, where nothing is yet. It is whole whenever it is seen there.
///
/// # Errors
/// As [`create`].
#[expect(clippy::disallowed_methods, reason = "this is the place that may sync")]
pub fn adopt(made: &Path, path: &Path) -> io::Result<()> {
    let seen = hooks::Seen::written_by_others(made);
    let covered = hooks::before_sync();
    fs::File::open(made)?.sync_all()?;
    seen.synced(covered);
    if !rename_new(made, path)? {
        return Err(ErrorKind::AlreadyExists.into());
    }
    sync_folder(parent(path))
}

/// Removes the file at `path`; tells whether there was one. Durable with the next sync of the folder.
///
/// # Errors
/// Of the file system.
pub fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => {
            hooks::removed(path);
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Moves `from` to `to` within one file system unless `to` is there already; tells whether it moved.
/// Syncs neither file nor folder.
///
/// # Errors
/// Of the file system.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<bool> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => {
            hooks::renamed(from, to);
            Ok(true)
        }
        Err(Errno::EXIST) => Ok(false),
        // Some network file systems know no such flag. Two at once may then both move: the content is the same.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            if to.try_exists()? {
                return Ok(false);
            }
            rename(from, to).map(|()| true)
        }
        Err(error) => Err(error.into()),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the place that may rename")]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    hooks::renamed(from, to);
    Ok(())
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
            match File::create_new(&path, access) {
                Ok(file) => {
                    let temporary = Self { path, file, renamed: false };
                    if !content.is_empty() {
                        temporary.file.write_all_at(content, 0)?;
                    }
                    return Ok(temporary);
                }
                // Left behind by a process that died.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn rename(mut self, target: &Path) -> io::Result<()> {
        rename(&self.path, target)?;
        self.renamed = true;
        Ok(())
    }

    /// Synced, and then under its name, unless something else has that.
    fn settle(mut self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        self.renamed = rename_new(&self.path, target)?;
        if self.renamed { Ok(()) } else { Err(ErrorKind::AlreadyExists.into()) }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // What cannot be removed is only litter.
            let _ = remove(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

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
    fn a_copy_has_all_bytes_and_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        let long: Vec<u8> = (0..PIECE + 17).map(|at| u8::try_from(at % 251).unwrap()).collect();
        assert_eq!(copy(&mut long.as_slice(), &path, Access::Private).unwrap(), long.len() as u64);
        assert!(fs::read(&path).unwrap() == long);
        assert_eq!(
            copy(&mut long.as_slice(), &path, Access::Private).unwrap_err().kind(),
            ErrorKind::AlreadyExists
        );
        fs::File::create(folder.path().join("made")).unwrap();
        assert_eq!(adopt(&folder.path().join("made"), &path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        adopt(&folder.path().join("made"), &folder.path().join("adopted")).unwrap();
        assert_eq!(names(folder.path()), ["adopted", "copy"]);
    }

    #[test]
    fn a_leftover_of_a_dead_process_does_not_stand_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        for number in 0..200 {
            fs::File::create(folder.path().join(format!(".checkpoint.{number}.tmp"))).unwrap();
        }
        write(&path, b"new", Access::Public).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }
}
