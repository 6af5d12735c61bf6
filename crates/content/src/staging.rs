//! Content on its way in, in a file of its own: written in large pieces, gone unless it is moved to its place.
//!
//! `disk.rs` renames such a file into place, `s3/` uploads it. Memory is bounded by two pieces.

use std::{
    collections::HashSet,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::{Buf, Bytes, BytesMut};
use parking_lot::Mutex;
use strongroom_durable::{self as durable, Access, File};
use strongroom_kernel::ports::PortError;
use tokio::task::JoinHandle;

use crate::{Reserve, blocking};

/// What is gathered in memory before it is written.
const PIECE: usize = 1 << 20;

/// A folder of files on their way in.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: PathBuf,
    reserve: Arc<Reserve>,
    next: AtomicU64,
    /// Names of the files that uploads of this process hold.
    live: Arc<Mutex<HashSet<String>>>,
}

impl Staging {
    pub(crate) fn new(folder: &Path, reserve: Arc<Reserve>) -> Self {
        Self { folder: folder.to_owned(), reserve, next: AtomicU64::new(0), live: Arc::default() }
    }

    /// Begins a file whose first `head` bytes are written at the end.
    ///
    /// # Errors
    /// `Full`, `Unavailable`.
    pub(crate) async fn begin(&self, head: u64) -> Result<StagedFile, PortError> {
        self.reserve.take(PIECE as u64)?;
        loop {
            let name = format!("{}.staged", self.next.fetch_add(1, Ordering::Relaxed));
            let path = self.folder.join(&name);
            self.live.lock().insert(name.clone());
            let mut staged = StagedFile {
                file: None,
                path: path.clone(),
                name,
                live: Arc::clone(&self.live),
                reserve: Arc::clone(&self.reserve),
                gathered: BytesMut::new(),
                length: head,
                writing: None,
            };
            let folder = self.folder.clone();
            staged.file =
                blocking::run("stage content", move || open_new(&folder, &path)).await?.map(Arc::new);
            if staged.file.is_some() {
                return Ok(staged);
            }
        }
    }

    /// Removes files that no upload of this process holds; tells how many.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn sweep(&self) -> Result<u64, PortError> {
        let (folder, live) = (self.folder.clone(), Arc::clone(&self.live));
        blocking::run("sweep staged content", move || sweep(&folder, &live)).await
    }
}

/// `None` when the name is taken, by a file that a dead process left behind.
fn open_new(folder: &Path, path: &Path) -> io::Result<Option<File>> {
    let open = || File::create_new(path, Access::Private);
    let opened = match open() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            durable::create_folder(folder)?;
            open()
        }
        opened => opened,
    };
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

fn sweep(folder: &Path, live: &Mutex<HashSet<String>>) -> io::Result<u64> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry?;
        let ours = |name: &str| name.ends_with(".staged") && !live.lock().contains(name);
        if entry.file_name().to_str().is_some_and(ours) {
            removed += u64::from(durable::remove(&entry.path())?);
        }
    }
    Ok(removed)
}

/// One file on its way in. Dropping it removes it, unless it was moved away.
#[derive(Debug)]
pub(crate) struct StagedFile {
    file: Option<Arc<File>>,
    path: PathBuf,
    name: String,
    live: Arc<Mutex<HashSet<String>>>,
    reserve: Arc<Reserve>,
    gathered: BytesMut,
    /// Of what was taken or is left for the head, except what is still gathered.
    length: u64,
    writing: Option<JoinHandle<io::Result<BytesMut>>>,
}

impl StagedFile {
    /// Takes the next piece, whatever its length.
    ///
    /// # Errors
    /// `Full`, `Unavailable`; the file is then worth nothing.
    pub(crate) async fn write(&mut self, mut piece: Bytes) -> Result<(), PortError> {
        while !piece.is_empty() {
            let room = PIECE - self.gathered.len();
            let taken = piece.len().min(room);
            self.gathered.extend_from_slice(&piece[..taken]);
            piece.advance(taken);
            if self.gathered.len() == PIECE {
                self.flush().await?;
            }
        }
        Ok(())
    }

    /// Writes all that was taken; tells the length of the file, the head included.
    ///
    /// # Errors
    /// As [`StagedFile::write`].
    pub(crate) async fn finish(&mut self) -> Result<u64, PortError> {
        self.flush().await?;
        self.written().await?;
        Ok(self.length)
    }

    /// The file itself.
    pub(crate) fn file(&self) -> Arc<File> {
        Arc::clone(self.file.as_ref().expect("only `begin` sees it without a file"))
    }

    /// Where it stands.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Hands over what is gathered, behind what was handed over before.
    async fn flush(&mut self) -> Result<(), PortError> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        self.reserve.take(self.gathered.len() as u64)?;
        let spare = self.written().await?;
        let full = std::mem::replace(&mut self.gathered, spare);
        let (file, offset) = (self.file(), self.length);
        self.length += full.len() as u64;
        self.writing = Some(tokio::task::spawn_blocking(move || {
            file.write_all_at(&full, offset)?;
            let mut spare = full;
            spare.clear();
            Ok(spare)
        }));
        Ok(())
    }

    /// Waits for what was handed over; returns its buffer.
    async fn written(&mut self) -> Result<BytesMut, PortError> {
        let doing = "write staged content";
        match self.writing.take() {
            None => Ok(BytesMut::new()),
            Some(writing) => match writing.await {
                Ok(written) => written.map_err(|error| PortError::io(doing, error)),
                Err(error) => Err(PortError::unavailable(doing).with_source(error)),
            },
        }
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if self.file.is_some() {
            // Not there when it was moved to its place; else what cannot be removed is swept at the next start.
            let _ = durable::remove(&self.path);
        }
        self.live.lock().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staging(folder: &Path) -> Staging {
        Staging::new(&folder.join("staging"), Arc::new(Reserve::new(folder, 0)))
    }

    #[tokio::test]
    async fn pieces_of_any_length_come_out_in_order_behind_the_head() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = staging(folder.path()).begin(3).await.unwrap();
        let mut all = vec![0; 3];
        for length in [0, 1, PIECE - 1, 7, PIECE, 3 * PIECE + 5] {
            let piece: Vec<u8> =
                (0..length).map(|place| u8::try_from((place * 7 + length) % 251).unwrap()).collect();
            all.extend_from_slice(&piece);
            file.write(piece.into()).await.unwrap();
        }
        assert_eq!(file.finish().await.unwrap(), all.len() as u64);
        assert!(fs::read(file.path()).unwrap() == all);
    }

    #[tokio::test]
    async fn a_sweep_spares_what_is_being_written_and_names_of_the_dead_are_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let dead = staging(folder.path());
        std::mem::forget(dead.begin(0).await.unwrap());
        let staging = staging(folder.path());
        let live = staging.begin(0).await.unwrap();
        assert_eq!(staging.sweep().await.unwrap(), 1);
        assert!(live.path().is_file());
        let path = live.path().to_owned();
        drop(live);
        assert!(!path.is_file());
        assert_eq!(staging.sweep().await.unwrap(), 0);
    }
}
