//! After a crash: what stands behind the last committed position never happened, and goes.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

use strongroom_durable::{self as durable, File};
use strongroom_kernel::ports::{PackPosition, PortError, PortErrorKind};

use super::{
    file::{self, Tail},
    format::ENTRY_HEADER,
    header_at, port_error,
};

const DOING: &str = "recover packs";

/// Where appending goes on.
#[derive(Debug)]
pub(super) struct Recovered {
    /// The pack with the last committed entry, and where that ends.
    pub(super) last: Option<(Tail, u64)>,
    /// Number of the next new pack.
    pub(super) next: u32,
}

/// Cuts off what is behind `end`. A crash within it is cured by calling it again.
///
/// # Errors
/// `Corrupt` when the entry at `end` is not whole; `Conflict` when more than `max_cut` bytes would go;
/// `Unavailable`.
pub(super) fn recover(
    folder: &Path,
    end: Option<PackPosition>,
    max_cut: u64,
) -> Result<Recovered, PortError> {
    let failed = |error| port_error(DOING, error);
    let last = end.map(|end| open_end(folder, end)).transpose().map_err(failed)?;
    let behind = packs_behind(folder, end).map_err(failed)?;
    let tail = last.as_ref().map_or(0, |last| last.length - last.offset);
    let cut = behind.iter().map(|(_, length)| length).sum::<u64>() + tail;
    if cut > max_cut {
        let why =
            format!("{DOING}: {cut} bytes in them are unknown to the database, more than a crash leaves");
        return Err(PortError::new(PortErrorKind::Conflict, why));
    }
    if cut > 0 {
        tracing::info!(bytes = cut, "packs cut off behind the last committed entry");
    }
    let next = end.map_or(Some(0), |end| end.pack.checked_add(1));
    let next = next.ok_or_else(|| PortError::corrupt(DOING))?;
    // The highest number goes first, so that those left always have no gap.
    for (number, _) in behind.iter().rev() {
        durable::remove(&file::path(folder, *number)).map_err(failed)?;
    }
    if !behind.is_empty() {
        durable::sync_folder(folder).map_err(failed)?;
    }
    let last = last.map(End::cut).transpose().map_err(failed)?;
    Ok(Recovered { last, next })
}

/// The pack with the last committed entry.
struct End {
    number: u32,
    file: File,
    /// Where the entry ends.
    offset: u64,
    /// How long the file is.
    length: u64,
}

fn open_end(folder: &Path, end: PackPosition) -> io::Result<End> {
    let gone = |error: io::Error| match error.kind() {
        ErrorKind::NotFound => io::Error::new(ErrorKind::InvalidData, "the pack of the last entry is gone"),
        _ => error,
    };
    let file = file::open_to_write(folder, end.pack).map_err(gone)?;
    let length = file.length()?;
    let entry_length = ENTRY_HEADER as u64 + u64::from(end.length);
    let entry_end = end.offset.checked_add(entry_length).filter(|entry_end| *entry_end <= length);
    let entry_end =
        entry_end.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "the last entry is cut short"))?;
    let mut entry = vec![0; usize::try_from(entry_length).map_err(io::Error::other)?];
    file.read_exact_at(&mut entry, end.offset).map_err(file::damaged_if_short)?;
    let damaged = |error| io::Error::new(ErrorKind::InvalidData, error);
    header_at(&entry, end)?.check(&entry[ENTRY_HEADER..]).map_err(damaged)?;
    Ok(End { number: end.pack, file, offset: entry_end, length })
}

impl End {
    fn cut(self) -> io::Result<(Tail, u64)> {
        // Also when nothing is behind it: space may be allocated there.
        self.file.set_length(self.offset)?;
        self.file.sync_all()?;
        Ok((Tail::from_file(self.number, self.file, self.offset), self.offset))
    }
}

/// Numbers and lengths of the packs behind that of `end`, in their order.
fn packs_behind(folder: &Path, end: Option<PackPosition>) -> io::Result<Vec<(u32, u64)>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut behind = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Some(number) = entry.file_name().to_str().and_then(file::number) else { continue };
        if end.is_none_or(|end| number > end.pack) {
            behind.push((number, entry.metadata()?.len()));
        }
    }
    behind.sort_unstable();
    Ok(behind)
}
