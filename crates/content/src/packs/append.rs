//! The writing end of the packs: one batch at a time, behind what is there.

use std::{
    io::{self, ErrorKind, IoSlice},
    path::{Path, PathBuf},
    sync::Arc,
};

use strongroom_kernel::ports::{PackPosition, PendingSync, PortError};

use super::{
    PackSettings,
    file::Tail,
    format::{self, ENTRY_HEADER, FILE_HEADER},
    recover::Recovered,
    sync::{Reached, SyncThread},
};

#[derive(Debug)]
pub(super) struct Appender {
    folder: PathBuf,
    settings: PackSettings,
    thread: SyncThread,
    /// The pack that is appended to, unless the next batch begins a new one.
    current: Option<Current>,
    /// Number of the next new pack.
    next: u32,
}

#[derive(Debug)]
struct Current {
    tail: Arc<Tail>,
    /// Where the next entry begins.
    end: u64,
    /// Space was asked for up to here.
    allocated: u64,
}

impl Appender {
    /// # Errors
    /// `Unavailable` when no thread can be made.
    pub(super) fn new(
        folder: &Path,
        settings: PackSettings,
        recovered: Recovered,
    ) -> Result<Self, PortError> {
        let Recovered { last, next } = recovered;
        let current = last.map(|(tail, end)| Current { tail: Arc::new(tail), end, allocated: end });
        Ok(Self { folder: folder.to_owned(), settings, thread: SyncThread::start()?, current, next })
    }

    /// Pack `number` is not appended to any more.
    pub(super) fn distrust(&mut self, number: u32) {
        if let Some(current) = self.current.take_if(|current| current.tail.number == number) {
            current.tail.give_up(ErrorKind::Other);
        }
    }

    pub(super) fn append(
        &mut self,
        contents: &[&[u8]],
    ) -> Result<(Vec<PackPosition>, PendingSync), PortError> {
        if contents.iter().any(|content| entry_length(content) + FILE_HEADER as u64 > self.settings.max_bytes)
        {
            return Err(PortError::refused("append to packs: a content is larger than a pack"));
        }
        let headers: Vec<_> = contents.iter().map(|content| format::entry_header(content)).collect();
        let mut positions = Vec::with_capacity(contents.len());
        let mut reached = Reached::new();
        let mut from = 0;
        while from < contents.len() {
            self.make_room(entry_length(contents[from]))?;
            let current = self.current.as_mut().expect("make_room leaves a pack to append to");
            let to = from + current.fitting(&contents[from..], self.settings.max_bytes);
            current.allocate(&contents[from..to], self.settings.allocation);
            current.write(&headers[from..to], &contents[from..to], &mut positions)?;
            reached.push((Arc::clone(&current.tail), current.end));
            from = to;
        }
        Ok((positions, self.thread.begin(reached)))
    }

    /// Sees to it that there is a pack which takes an entry of `length` bytes more.
    fn make_room(&mut self, length: u64) -> Result<(), PortError> {
        if let Some(current) = &self.current {
            if !current.tail.is_broken() && current.end + length <= self.settings.max_bytes {
                return Ok(());
            }
            if !current.tail.is_broken() {
                // Gives back what was allocated behind the end.
                let _ = current.tail.file.set_length(current.end);
            }
        }
        self.current = None;
        let doing = "begin a pack";
        let tail = Tail::create(&self.folder, self.next).map_err(|error| PortError::io(doing, error))?;
        self.next = self.next.checked_add(1).ok_or_else(|| PortError::unavailable(doing))?;
        let end = FILE_HEADER as u64;
        self.current = Some(Current { tail: Arc::new(tail), end, allocated: end });
        Ok(())
    }
}

impl Current {
    /// How many of `contents` still go into this pack.
    fn fitting(&self, contents: &[&[u8]], max_bytes: u64) -> usize {
        let mut end = self.end;
        contents
            .iter()
            .take_while(|content| {
                end += entry_length(content);
                end <= max_bytes
            })
            .count()
    }

    fn allocate(&mut self, contents: &[&[u8]], step: u64) {
        let end = self.end + contents.iter().map(|content| entry_length(content)).sum::<u64>();
        if step > 0 && end > self.allocated {
            let until = end.next_multiple_of(step);
            self.tail.file.allocate(self.allocated, until);
            self.allocated = until;
        }
    }

    fn write(
        &mut self,
        headers: &[[u8; ENTRY_HEADER]],
        contents: &[&[u8]],
        positions: &mut Vec<PackPosition>,
    ) -> Result<(), PortError> {
        let mut slices = Vec::with_capacity(2 * contents.len());
        let mut end = self.end;
        for (header, content) in headers.iter().zip(contents) {
            slices.push(IoSlice::new(header));
            slices.push(IoSlice::new(content));
            let length = u32::try_from(content.len()).expect("a pack is at most 4 GiB");
            positions.push(PackPosition { pack: self.tail.number, offset: end, length });
            end += entry_length(content);
        }
        self.tail.file.write_slices_at(&mut slices, self.end).map_err(|error| self.undo(error))?;
        self.end = end;
        Ok(())
    }

    /// Takes back a write of which an unknown part was done.
    fn undo(&self, error: io::Error) -> PortError {
        if self.tail.file.set_length(self.end).is_err() {
            self.tail.give_up(error.kind());
        }
        PortError::io("append to a pack", error)
    }
}

fn entry_length(content: &[u8]) -> u64 {
    (ENTRY_HEADER + content.len()) as u64
}

#[cfg(test)]
mod tests {
    use std::fs;

    use strongroom_durable::File;
    use strongroom_kernel::ports::PortErrorKind;

    use super::{super::file, *};

    /// An appender whose current pack is the device at `device`.
    fn appender_on(device: &str, folder: &Path) -> Appender {
        let file = File::open(Path::new(device)).unwrap();
        let end = FILE_HEADER as u64;
        let recovered = Recovered { last: Some((Tail::from_file(0, file, end), end)), next: 1 };
        Appender::new(folder, PackSettings::default(), recovered).unwrap()
    }

    fn appends_to_a_new_pack(mut appender: Appender, folder: &Path) {
        let (positions, sync) = appender.append(&[b"next"]).unwrap();
        sync.wait().unwrap();
        assert_eq!(positions[0].pack, 1);
        assert!(fs::read(file::path(folder, 1)).unwrap().ends_with(b"next"));
    }

    /// The device takes all bytes and cannot be synced.
    #[test]
    fn after_a_failed_sync_the_pack_is_not_appended_to_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut appender = appender_on("/dev/null", folder.path());
        let (_, one) = appender.append(&[b"lost"]).unwrap();
        assert_eq!(one.wait().unwrap_err().kind, PortErrorKind::Unavailable);
        appends_to_a_new_pack(appender, folder.path());
    }

    #[test]
    fn batches_behind_a_failed_sync_fail_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut appender = appender_on("/dev/null", folder.path());
        let (_, one) = appender.append(&[b"lost"]).unwrap();
        let second = appender.append(&[b"lost or in the next pack"]);
        assert!(one.wait().is_err());
        let (positions, two) = second.unwrap();
        assert_eq!(two.wait().is_err(), positions[0].pack == 0);
    }

    /// The device is always full.
    #[test]
    fn a_full_disk_is_said_to_be_full() {
        let folder = tempfile::tempdir().unwrap();
        let mut appender = appender_on("/dev/full", folder.path());
        assert_eq!(appender.append(&[b"too much"]).unwrap_err().kind, PortErrorKind::Full);
        appends_to_a_new_pack(appender, folder.path());
    }
}
