//! Folders, and that their entries stay.

use std::{
    fs::{self, DirBuilder},
    io::{self, ErrorKind},
    os::unix::fs::DirBuilderExt as _,
    path::Path,
};

use crate::hooks;

/// Makes `folder` and what is missing above it. Durable when it returns, also when it was there before:
/// whoever made it may have died before its entry was synced.
///
/// # Errors
/// Of the file system; `NotADirectory` when a file is in the way.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    make(folder, 0o777)
}

/// As [`create_folder`]; what is made is the owner's alone (mode 0700).
///
/// # Errors
/// As [`create_folder`].
pub fn create_private_folder(folder: &Path) -> io::Result<()> {
    make(folder, 0o700)
}

fn make(folder: &Path, mode: u32) -> io::Result<()> {
    match DirBuilder::new().mode(mode).create(folder) {
        Ok(()) => hooks::made_folder(folder),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if !fs::metadata(folder)?.is_dir() {
                return Err(ErrorKind::NotADirectory.into());
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make(parent(folder), mode)?;
            return make(folder, mode);
        }
        Err(error) => return Err(error),
    }
    sync_folder(parent(folder))
}

/// Syncs the entries of `folder`: what was made, renamed or removed in it stays so.
///
/// # Errors
/// Of the file system.
#[expect(clippy::disallowed_methods, reason = "this is the place that may sync")]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let covered = hooks::before_sync();
    fs::File::open(folder)?.sync_all()?;
    hooks::synced_folder(folder, covered);
    Ok(())
}

/// The folder that `path` stands in.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn folders_are_made_with_all_above_them_and_twice() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        create_folder(&deep).unwrap();
        create_folder(&deep).unwrap();
        assert!(deep.is_dir());
        fs::File::create(folder.path().join("file")).unwrap();
        assert!(create_folder(&folder.path().join("file")).is_err());
        assert!(create_folder(&folder.path().join("file/below")).is_err());
    }

    #[test]
    fn a_private_folder_is_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("a/b");
        create_private_folder(&made).unwrap();
        for folder in [parent(&made), &made] {
            assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }
}
