//! Erasure in place: the payload becomes zeros and its space goes back to the file system.

use std::{io, path::Path};

use strongroom_durable::File;
use strongroom_kernel::ports::PackPosition;

use super::{
    file,
    format::{self, CHECKED, ENTRY_HEADER, STATE},
    header_at,
};

/// Zeros that are written at once.
const ZEROS: [u8; 16 << 10] = [0; 16 << 10];

/// Erases the entry at `position`. Durable when it returns; may be called twice.
///
/// An entry whose header is damaged is left alone: what lies behind it may be another's.
pub(super) fn erase(folder: &Path, position: PackPosition) -> io::Result<()> {
    let file = file::open_to_write(folder, position.pack)?;
    let mut header = [0; ENTRY_HEADER];
    file.read_exact_at(&mut header, position.offset).map_err(file::damaged_if_short)?;
    header_at(&header, position)?;
    // First one byte, which no crash can leave half written: from here on nobody asks for checksum and payload.
    file.write_all_at(&[format::erased_state()], position.offset + STATE)?;
    file.sync_data()?;
    let from = position.offset + CHECKED;
    let length = ENTRY_HEADER as u64 - CHECKED + u64::from(position.length);
    write_zeros(&file, from, length)?;
    // The zeros must reach the old blocks before these are given back: a hole alone leaves the content on the disk.
    file.sync_data()?;
    if position.length > 0 {
        // A file system without holes keeps the zeros; a crash before the hole is durable does too.
        file.punch(position.offset + ENTRY_HEADER as u64, u64::from(position.length));
    }
    Ok(())
}

fn write_zeros(file: &File, mut from: u64, mut length: u64) -> io::Result<()> {
    while length > 0 {
        let now = length.min(ZEROS.len() as u64);
        let count = usize::try_from(now).expect("at most the length of an array");
        file.write_all_at(&ZEROS[..count], from)?;
        from += now;
        length -= now;
    }
    Ok(())
}
