//! One pack file: its name, its header, whole writes and whole reads at a place.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, IoSlice},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use rustix::fs::FallocateFlags;

use super::format::{self, FILE_HEADER};
use crate::durable;

/// Slices that one system call takes at most (`IOV_MAX` on Linux).
const SLICES: usize = 1024;

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
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let made = || {
            file.write_all_at(&format::file_header(number), 0)?;
            file.sync_all()?;
            durable::sync_folder(folder)
        };
        if let Err(error) = made() {
            // Else the next try would find a file in its way.
            let _ = std::fs::remove_file(&path);
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
        let _ = self.file.set_len(self.synced.load(Ordering::Acquire));
    }

    /// Asks the file system for space up to `end`, so that the entries lie together. An optimisation: where it
    /// fails, writing tells whether there is space.
    pub(super) fn allocate(&self, from: u64, end: u64) {
        let _ = rustix::fs::fallocate(&self.file, FallocateFlags::KEEP_SIZE, from, end.saturating_sub(from));
    }
}

/// Writes all `slices` one behind the other, from `offset`, with few system calls and no copy.
pub(super) fn write_all(file: &File, mut slices: &mut [IoSlice<'_>], mut offset: u64) -> io::Result<()> {
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        let count = slices.len().min(SLICES);
        match rustix::io::pwritev(file, &slices[..count], offset) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => {
                offset += written as u64;
                IoSlice::advance_slices(&mut slices, written);
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Opens pack `number` in `folder` for reading and tests its header.
pub(super) fn open(folder: &Path, number: u32, options: &OpenOptions) -> io::Result<File> {
    let file = options.open(path(folder, number))?;
    let mut header = [0; FILE_HEADER];
    file.read_exact_at(&mut header, 0).map_err(damaged_if_short)?;
    match format::parse_file_header(&header) {
        Ok(found) if found == number => Ok(file),
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
    fn more_slices_than_a_system_call_takes_are_all_written() {
        let folder = tempfile::tempdir().unwrap();
        let tail = Tail::create(folder.path(), 0).unwrap();
        let pieces: Vec<[u8; 2]> = (0..3000_u16).map(u16::to_le_bytes).collect();
        let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        write_all(&tail.file, &mut slices, FILE_HEADER as u64).unwrap();
        write_all(&tail.file, &mut [IoSlice::new(b"")], 0).unwrap();
        let written = std::fs::read(path(folder.path(), 0)).unwrap();
        assert_eq!(written[FILE_HEADER..], pieces.concat());
    }

    #[test]
    fn a_pack_that_was_given_up_fails_each_sync() {
        let folder = tempfile::tempdir().unwrap();
        let tail = Tail::create(folder.path(), 0).unwrap();
        write_all(&tail.file, &mut [IoSlice::new(b"lost")], FILE_HEADER as u64).unwrap();
        tail.give_up(ErrorKind::StorageFull);
        assert_eq!(tail.sync(FILE_HEADER as u64).unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(std::fs::metadata(path(folder.path(), 0)).unwrap().len(), FILE_HEADER as u64);
    }
}
