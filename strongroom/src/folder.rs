//! The data folder: what lies where in it, who may look into it, and the lock of the one process that writes.

use std::{
    fs::{File, OpenOptions, Permissions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use rustix::{fs::Mode, process::umask};
use strongroom_durable as durable;

/// The data folder; `docs/reference/data-folder.md` says the same for operators.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    /// Held as long as this process writes.
    _lock: Option<File>,
}

impl DataFolder {
    /// Opens the folder for writing, makes it if absent, and locks it.
    ///
    /// # Errors
    /// When another process has it, or it cannot be made.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        create(path).with_context(|| format!("make data folder {}", path.display()))?;
        let lock = lock(path)?;
        let folder = Self { path: path.to_owned(), _lock: Some(lock) };
        folder.close_to_others()?;
        durable::create_private_folder(&folder.keys()).context("make folder of keys")?;
        Ok(folder)
    }

    /// Opens a folder that exists, for reading, beside whoever writes it.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn open_read_only(path: &Path) -> Result<Self> {
        if !path.is_dir() {
            bail!("there is no data folder {}", path.display());
        }
        Ok(Self { path: path.to_owned(), _lock: None })
    }

    /// The folder itself; large content lies in it in `objects` and `staging`.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The SQLite file.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("strongroom.sqlite")
    }

    /// Small content.
    pub(crate) fn packs(&self) -> PathBuf {
        self.path.join("packs")
    }

    /// Keys and credentials, each file of mode 600.
    pub(crate) fn keys(&self) -> PathBuf {
        self.path.join("keys")
    }

    /// The verifier key, beside the signing key and in backups without it.
    pub(crate) fn verifier_key(&self) -> PathBuf {
        self.keys().join("ledger.pub")
    }

    /// All files of [`DataFolder::keys`] that are secret.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn secrets(&self) -> Result<Vec<PathBuf>> {
        let mut secrets = Vec::new();
        for entry in std::fs::read_dir(self.keys()).context("list keys")? {
            let path = entry.context("list keys")?.path();
            if path != self.verifier_key() {
                secrets.push(path);
            }
        }
        Ok(secrets)
    }

    /// The key that signs tokens of Strongroom's own roles.
    pub(crate) fn token_key(&self) -> PathBuf {
        self.keys().join("token.key")
    }

    /// Full tiles and the published checkpoint.
    pub(crate) fn tiles(&self) -> PathBuf {
        self.path.join("ledger")
    }

    /// Nobody else may look into it, however it was made.
    fn close_to_others(&self) -> Result<()> {
        let mode = self.path.metadata()?.permissions().mode();
        if mode & 0o027 == 0 {
            return Ok(());
        }
        std::fs::set_permissions(&self.path, Permissions::from_mode(mode & !0o027))
            .with_context(|| format!("close {} to others", self.path.display()))
    }
}

/// Nothing this process makes may be read by others, whatever the caller's umask: a group at most, where the
/// operator gave it access to the folder.
pub(crate) fn close_files_to_others() {
    let closed = Mode::WGRP | Mode::RWXO;
    let before = umask(closed);
    umask(before | closed);
}

/// Durable, so that all of it does not go with its name. Where others made it and it stands in a folder that we may
/// not read, it is theirs to keep.
fn create(path: &Path) -> std::io::Result<()> {
    match durable::create_private_folder(path) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied && path.is_dir() => Ok(()),
        created => created,
    }
}

fn lock(path: &Path) -> Result<File> {
    let place = path.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&place)
        .with_context(|| format!("open {}", place.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // only a help for people: the lock itself does not depend on it
            let _ = file.read_to_string(&mut holder);
            bail!("the data folder {} is in use by process {}", path.display(), holder.trim());
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("lock {}", place.display()));
        }
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_writer_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let first = DataFolder::open(&path).unwrap();
        let refusal = DataFolder::open(&path).unwrap_err().to_string();
        assert!(refusal.ends_with(&format!("is in use by process {}", std::process::id())), "{refusal}");
        DataFolder::open_read_only(&path).unwrap();
        drop(first);
        DataFolder::open(&path).unwrap();
    }

    #[test]
    fn a_folder_is_closed_to_others() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        let folder = DataFolder::open(&path).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o750);
        assert_eq!(mode(&folder.keys()), 0o700);
    }

    #[test]
    fn an_absent_folder_is_not_made_for_reading() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        DataFolder::open_read_only(&path).unwrap_err();
        assert!(!path.try_exists().unwrap());
    }

    #[test]
    fn a_power_loss_takes_neither_the_folder_nor_what_is_in_it() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("deep/data");
        let watch = strongroom_durable::watch::Watch::begin(parent.path()).unwrap();
        let folder = DataFolder::open(&path).unwrap();
        durable::write(&folder.token_key(), b"one", durable::Access::Private).unwrap();
        let written = watch.now();
        for crash in watch.history().crashes(8) {
            let after = tempfile::tempdir().unwrap();
            crash.leave(after.path()).unwrap();
            let folder = DataFolder::open(&after.path().join("deep/data")).unwrap();
            let found = std::fs::read(folder.token_key()).ok();
            assert!(found.as_deref().is_none_or(|found| found == b"one"), "{crash}: torn");
            assert!(found.is_some() || !crash.is_after(written), "{crash}: lost");
        }
    }
}
