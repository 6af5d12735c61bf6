//! One pack file: its name, its header, and how far it is synced.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use strongroom_durable::{self as durable, Access, File};

use super::format::{self, FILE_HEADER};

/// Path of pack `number` in `folder`.
pub(super) fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:08}.pack"))
}

/// Number of the pack that a file name stands for; other files are none of ours.
pub(super) fn number(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".pack")?;
    let number = digits.parse().ok()?;
    (format!("{number:08}") == digits).then_some(number)
}

/// A pack file that is appended to.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) number: u32,
    pub(super) file: File,
    /// All before it is on the disk.
    synced: AtomicU64,
    /// Why nothing is appended any more: after a failed sync the page cache may show what the disk never got.
    broken: OnceLock<ErrorKind>,
}

impl Tail {
    /// Makes pack `number` in `folder`. Its header and its name are durable when it returns: positions in it
    /// may be committed as soon as the entries are.
    pub(super) fn create(folder: &Path, number: u32) -> io::Result<Self> {
        durable::create_folder(folder)?;
        let path = path(folder, number);
        let file = File::create_new(&path, Access::Private)?;
        let made = || {
            file.write_all_at(&format::file_header(number), 0)?;
            file.sync_all()?;
            durable::sync_folder(folder)
        };
        if let Err(error) = made() {
            // Else the next try would find a file in its way.
            let _ = durable::remove(&path);
            return Err(error);
        }
        Ok(Self::from_file(number, file, FILE_HEADER as u64))
    }

    /// A pack of which the first `synced` bytes are on the disk.
    pub(super) fn from_file(number: u32, file: File, synced: u64) -> Self {
        Self { number, file, synced: AtomicU64::new(synced), broken: OnceLock::new() }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.get().is_some()
    }

    /// Syncs all before `end`. After one failure each call fails: a second sync would succeed without having
    /// written what the first one lost.
    pub(super) fn sync(&self, end: u64) -> io::Result<()> {
        if let Some(kind) = self.broken.get() {
            return Err(io::Error::new(*kind, "an earlier sync of this pack failed"));
        }
        if self.synced.load(Ordering::Acquire) >= end {
            return Ok(());
        }
        match self.file.sync_data() {
            Ok(()) => {
                self.synced.fetch_max(end, Ordering::AcqRel);
                Ok(())
            }
            Err(error) => {
                self.give_up(error.kind());
                Err(error)
            }
        }
    }

    /// Nothing is appended to this pack any more, and what is behind the last sync goes.
    pub(super) fn give_up(&self, why: ErrorKind) {
        let _ = self.broken.set(why);
        // Only to save space: nothing behind it is ever committed.
        let _ = self.file.set_length(self.synced.load(Ordering::Acquire));
    }
}

/// Opens pack `number` in `folder` for reading and tests its header.
pub(super) fn open(folder: &Path, number: u32) -> io::Result<fs::File> {
    let file = fs::File::open(path(folder, number))?;
    test_header(number, |header| file.read_exact_at(header, 0))?;
    Ok(file)
}

/// Opens pack `number` in `folder` for writing and tests its header.
pub(super) fn open_to_write(folder: &Path, number: u32) -> io::Result<File> {
    let file = File::open(&path(folder, number))?;
    test_header(number, |header| file.read_exact_at(header, 0))?;
    Ok(file)
}

fn test_header(number: u32, read: impl FnOnce(&mut [u8]) -> io::Result<()>) -> io::Result<()> {
    let mut header = [0; FILE_HEADER];
    read(&mut header).map_err(damaged_if_short)?;
    match format::parse_file_header(&header) {
        Ok(found) if found == number => Ok(()),
        Ok(_) => Err(io::Error::new(ErrorKind::InvalidData, "the file is another pack")),
        Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error)),
    }
}

/// A file that ends too early is damaged, not absent.
pub(super) fn damaged_if_short(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::UnexpectedEof {
        io::Error::new(ErrorKind::InvalidData, error)
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_as_we_write_them_are_packs() {
        assert_eq!(number("00000012.pack"), Some(12));
        for name in ["12.pack", "00000012.pack.tmp", "+0000012.pack", "domain", "000000012.pack"] {
            assert_eq!(number(name), None, "{name}");
        }
        assert_eq!(number("4294967295.pack"), Some(u32::MAX));
    }

    #[test]
    fn a_pack_that_was_given_up_fails_each_sync() {
        let folder = tempfile::tempdir().unwrap();
        let tail = Tail::create(folder.path(), 0).unwrap();
        tail.file.write_all_at(b"lost", FILE_HEADER as u64).unwrap();
        tail.give_up(ErrorKind::StorageFull);
        assert_eq!(tail.sync(FILE_HEADER as u64).unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(std::fs::metadata(path(folder.path(), 0)).unwrap().len(), FILE_HEADER as u64);
    }
}
