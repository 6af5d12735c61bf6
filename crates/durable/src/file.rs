//! A file that is written in place. Nothing of it is durable before a sync, and its name not before one of the folder.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, IoSlice},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::Path,
};

use rustix::fs::FallocateFlags;

use crate::{Access, hooks};

/// Slices that one system call takes at most (`IOV_MAX` on Linux).
const SLICES: usize = 1024;

/// A file open for reading and writing.
#[derive(Debug)]
pub struct File {
    file: fs::File,
    seen: hooks::Seen,
}

impl File {
    /// Makes the file at `path`, where nothing may be yet.
    ///
    /// # Errors
    /// `AlreadyExists`, and what the file system says.
    pub fn create_new(path: &Path, access: Access) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).mode(access.mode()).open(path)?;
        Ok(Self { file, seen: hooks::Seen::made(path) })
    }

    /// Opens the file at `path`.
    ///
    /// # Errors
    /// `NotFound`, and what the file system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Self { file, seen: hooks::Seen::opened(path) })
    }

    /// Writes all of `content` at `offset`.
    ///
    /// # Errors
    /// Of the file system; an unknown part is then written.
    pub fn write_all_at(&self, content: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(content, offset)?;
        self.seen.wrote(content, offset);
        Ok(())
    }

    /// Writes all `slices` one behind the other, from `offset`, with few system calls and no copy.
    ///
    /// # Errors
    /// As [`File::write_all_at`].
    pub fn write_slices_at(&self, mut slices: &mut [IoSlice<'_>], mut offset: u64) -> io::Result<()> {
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            let count = slices.len().min(SLICES);
            match rustix::io::pwritev(&self.file, &slices[..count], offset) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.seen.wrote_slices(&slices[..count], written, offset);
                    offset += written as u64;
                    IoSlice::advance_slices(&mut slices, written);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads exactly `buffer.len()` bytes from `offset`.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file ends before, and what the file system says.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    /// Its length in bytes.
    ///
    /// # Errors
    /// Of the file system.
    pub fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Cuts it off, or extends it with zeros.
    ///
    /// # Errors
    /// Of the file system.
    pub fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.seen.resized(length);
        Ok(())
    }

    /// Asks the file system for space from `from` to `end`, so that what is written there lies together. An
    /// optimisation: where it fails, writing tells whether there is space.
    pub fn allocate(&self, from: u64, end: u64) {
        let _ = rustix::fs::fallocate(&self.file, FallocateFlags::KEEP_SIZE, from, end.saturating_sub(from));
    }

    /// Gives the blocks of `length` bytes from `offset` back; zeros are read there from now on. Where the file
    /// system knows no holes, nothing happens.
    pub fn punch(&self, offset: u64, length: u64) {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        if rustix::fs::fallocate(&self.file, flags, offset, length).is_ok() {
            self.seen.punched(offset, length);
        }
    }

    /// Syncs content and what is needed to find it again, its length too.
    ///
    /// # Errors
    /// Of the file system: the page cache may then show what the disk never got.
    #[expect(clippy::disallowed_methods, reason = "this is the place that may sync")]
    pub fn sync_data(&self) -> io::Result<()> {
        let covered = hooks::before_sync();
        self.file.sync_data()?;
        self.seen.synced(covered);
        Ok(())
    }

    /// Syncs all of it, times and mode included.
    ///
    /// # Errors
    /// As [`File::sync_data`].
    #[expect(clippy::disallowed_methods, reason = "this is the place that may sync")]
    pub fn sync_all(&self) -> io::Result<()> {
        let covered = hooks::before_sync();
        self.file.sync_all()?;
        self.seen.synced(covered);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_slices_than_a_system_call_takes_are_all_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let file = File::create_new(&path, Access::Private).unwrap();
        let pieces: Vec<[u8; 2]> = (0..3000_u16).map(u16::to_le_bytes).collect();
        let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        file.write_slices_at(&mut slices, 5).unwrap();
        file.write_slices_at(&mut [IoSlice::new(b"")], 0).unwrap();
        let written = fs::read(path).unwrap();
        assert_eq!(written[..5], [0; 5]);
        assert_eq!(written[5..], pieces.concat());
    }
}
