//! Small content in append-only files, synced once a batch.
//!
//! [`mod@format`] has the bytes, `file.rs` one file, `append.rs` the writing end, `sync.rs` the thread that syncs,
//! `erase.rs` and `recover.rs` what their names say; this file reads. Encryption is a wrapper (`SealedPacks`).

pub mod format;

mod append;
mod erase;
mod file;
mod recover;
mod sync;

use std::{
    collections::HashMap,
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use strongroom_kernel::ports::{PackPosition, Packs, PendingSync, PortError};

use self::format::{ENTRY_HEADER, EntryHeader, State};
use crate::Reserve;

/// Open packs that are kept for reading.
const OPEN_FILES: usize = 256;

/// Sizes of packs.
#[derive(Debug, Clone, Copy)]
pub struct PackSettings {
    /// A pack that would grow above this many bytes is ended and the next one begun. At most 4 GiB; default 1 GiB.
    pub max_bytes: u64,
    /// Space is asked for in steps of this many bytes; 0 asks for none. Default 16 MiB.
    pub allocation: u64,
    /// Recovery cuts off at most this many bytes: more was not torn by a crash, the database is the wrong one.
    /// Default 1 GiB.
    pub max_cut: u64,
}

impl Default for PackSettings {
    fn default() -> Self {
        Self { max_bytes: 1 << 30, allocation: 16 << 20, max_cut: 1 << 30 }
    }
}

/// Packs in a folder.
///
/// Reading needs nothing else; [`Packs::append`] and [`Packs::erase`] are refused before [`Packs::recover`], so
/// that a reader beside a serving process changes nothing.
#[derive(Debug)]
pub struct FilePacks {
    folder: PathBuf,
    settings: PackSettings,
    reserve: Arc<Reserve>,
    open: RwLock<HashMap<u32, Arc<File>>>,
    appender: Mutex<Option<append::Appender>>,
}

impl FilePacks {
    /// The packs in `folder`, which need not be there yet.
    pub fn new(folder: &Path, settings: PackSettings, reserve: Arc<Reserve>) -> Self {
        Self {
            folder: folder.to_owned(),
            settings,
            reserve,
            open: RwLock::new(HashMap::new()),
            appender: Mutex::new(None),
        }
    }

    /// Pack `number`, opened for reading.
    fn pack(&self, number: u32) -> io::Result<Arc<File>> {
        if let Some(file) = self.open.read().get(&number) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(file::open(&self.folder, number)?);
        let mut open = self.open.write();
        if open.len() >= OPEN_FILES {
            open.clear();
        }
        open.insert(number, Arc::clone(&file));
        Ok(file)
    }

    fn read_at(&self, position: PackPosition) -> io::Result<Bytes> {
        let file = self.pack(position.pack)?;
        let length = ENTRY_HEADER as u64 + u64::from(position.length);
        if length > self.settings.max_bytes {
            return Err(io::Error::new(ErrorKind::InvalidData, "no entry is that long"));
        }
        let mut entry = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        file.read_exact_at(&mut entry, position.offset).map_err(file::damaged_if_short)?;
        let header = header_at(&entry, position)?;
        if header.state == State::Erased {
            return Err(ErrorKind::NotFound.into());
        }
        // Not the digest: whoever asks has it from the database and tests the content against that.
        header
            .check_sum(&entry[ENTRY_HEADER..])
            .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        Ok(Bytes::from(entry).slice(ENTRY_HEADER..))
    }
}

impl FilePacks {
    /// The whole entry is in the file, under a header of its length.
    fn stands_at(&self, position: PackPosition) -> io::Result<()> {
        let file = self.pack(position.pack)?;
        let mut header = [0; ENTRY_HEADER];
        file.read_exact_at(&mut header, position.offset).map_err(file::damaged_if_short)?;
        header_at(&header, position)?;
        let end = position.offset.checked_add(ENTRY_HEADER as u64 + u64::from(position.length));
        let length = file.metadata()?.len();
        if end.is_none_or(|end| end > length) {
            return Err(io::Error::new(ErrorKind::InvalidData, "the entry is cut short"));
        }
        Ok(())
    }
}

impl Packs for FilePacks {
    fn append(&self, contents: &[&[u8]]) -> Result<(Vec<PackPosition>, PendingSync), PortError> {
        let mut appender = self.appender.lock();
        let appender = appender.as_mut().ok_or_else(|| not_ready("append to packs"))?;
        let needed = contents.iter().map(|content| (ENTRY_HEADER + content.len()) as u64).sum();
        self.reserve.take(needed)?;
        appender.append(contents)
    }

    fn read(&self, position: PackPosition) -> Result<Bytes, PortError> {
        self.read_at(position).map_err(|error| port_error("read from a pack", error))
    }

    fn stands(&self, position: PackPosition) -> Result<(), PortError> {
        self.stands_at(position).map_err(|error| match error.kind() {
            ErrorKind::NotFound => PortError::corrupt("find a pack").with_source(error),
            _ => port_error("find an entry of a pack", error),
        })
    }

    fn erase(&self, position: PackPosition) -> Result<(), PortError> {
        if self.appender.lock().is_none() {
            return Err(not_ready("erase from a pack"));
        }
        // Without the lock: appending goes on meanwhile.
        let erased = erase::erase(&self.folder, position);
        if erased.as_ref().is_err_and(|error| error.kind() != ErrorKind::NotFound)
            && let Some(appender) = self.appender.lock().as_mut()
        {
            // A failed sync may have lost appended entries as well.
            appender.distrust(position.pack);
        }
        erased.map_err(|error| port_error("erase from a pack", error))
    }

    fn recover(&self, end: Option<PackPosition>) -> Result<(), PortError> {
        let mut appender = self.appender.lock();
        let recovered = recover::recover(&self.folder, end, self.settings.max_cut)?;
        self.open.write().clear();
        *appender = Some(append::Appender::new(&self.folder, self.settings, recovered)?);
        Ok(())
    }
}

/// The header of the entry at `position`, which must be as long as the position says.
fn header_at(entry: &[u8], position: PackPosition) -> io::Result<EntryHeader> {
    let header =
        format::parse_entry_header(entry).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    if header.length == position.length {
        Ok(header)
    } else {
        Err(io::Error::new(ErrorKind::InvalidData, "the entry is not as long as its position says"))
    }
}

fn not_ready(doing: &str) -> PortError {
    PortError::unavailable(format!("{doing}: recovery has not run"))
}

/// Damaged data is `Corrupt`; all else as [`PortError::io`] says.
fn port_error(doing: &'static str, error: io::Error) -> PortError {
    if error.kind() == ErrorKind::InvalidData {
        PortError::corrupt(doing).with_source(error)
    } else {
        PortError::io(doing, error)
    }
}
