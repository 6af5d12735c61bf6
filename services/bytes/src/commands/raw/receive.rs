//! Receives the files of an upload: hashes and stages their contents as they come.
//!
//! Nothing is visible before the unit that refers to it ([`super::save()`]); what is dropped here is discarded.

use bytes::Bytes;
use strongroom_kernel::{Kernel, Upload, Uploaded, unit::MAX_SMALL_CONTENT};
use strongroom_model::{Domain, Error, Timestamp};

use crate::wire::{
    hash::{Algorithm, SecureHasher},
    upload::Sink,
};

/// Bytes of a request's small files that may ride in its unit; further ones are stored by themselves.
const MOST_IN_MEMORY: u64 = 2 << 20;

/// What the parser found in one chunk of the body, in order.
#[derive(Debug)]
enum Found {
    File,
    Content(Bytes),
    Again,
    End { name: String, tags: Vec<String> },
    AllAgain,
}

/// Takes the parser's findings; the contents wait here until [`Receiver::settle`], so at most those of one chunk.
#[derive(Debug)]
pub struct Receiver {
    kernel: Kernel,
    algorithm: Algorithm,
    /// Files are hashed and stored only when there is a job to bind them to.
    keeps: bool,
    found: Vec<Found>,
    current: Option<Current>,
    files: Vec<ReceivedFile>,
    /// Bytes of finished files that are still in memory.
    in_memory: u64,
}

#[derive(Debug)]
struct Current {
    upload: Upload,
    hasher: SecureHasher,
}

/// A file whose content has arrived whole.
#[derive(Debug)]
pub struct ReceivedFile {
    /// Its name in the upload.
    pub name: String,
    /// Its distinct labels.
    pub tags: Vec<String>,
    upload: Upload,
    hasher: SecureHasher,
}

/// A file whose content is ready for a unit.
#[derive(Debug)]
pub struct Received {
    /// Its content.
    pub content: Uploaded,
    /// The hash that binds it to the job's end.
    pub secure_hash: String,
}

impl Receiver {
    /// A receiver that keeps contents, or only reads them to see whether the upload is sound.
    pub fn new(kernel: Kernel, algorithm: Algorithm, keeps: bool) -> Self {
        Self { kernel, algorithm, keeps, found: Vec::new(), current: None, files: Vec::new(), in_memory: 0 }
    }

    /// Hashes and stages what was found since the last call; waits when the store is behind.
    ///
    /// # Errors
    /// `StorageFull`, `Unavailable`.
    pub async fn settle(&mut self) -> Result<(), Error> {
        let mut found = std::mem::take(&mut self.found);
        for found in found.drain(..) {
            match found {
                Found::File | Found::Again => self.current = Some(self.begin()),
                Found::Content(piece) => {
                    if let (Some(current), true) = (&mut self.current, self.keeps) {
                        current.hasher.update(&piece);
                        current.upload.write(piece).await?;
                    }
                }
                Found::End { name, tags } => {
                    let Current { mut upload, hasher } = self.current.take().unwrap_or_else(|| self.begin());
                    if upload.size() <= MAX_SMALL_CONTENT as u64 {
                        self.in_memory += upload.size();
                        if self.in_memory > MOST_IN_MEMORY {
                            upload.leave_memory().await?;
                        }
                    }
                    self.files.push(ReceivedFile { name, tags, upload, hasher });
                }
                Found::AllAgain => {
                    self.current = None;
                    self.files.clear();
                }
            }
        }
        self.found = found;
        Ok(())
    }

    /// The files of a sound upload, in its order.
    pub fn files(self) -> Vec<ReceivedFile> {
        self.files
    }

    fn begin(&self) -> Current {
        Current { upload: self.kernel.upload(), hasher: SecureHasher::new(self.algorithm) }
    }
}

impl Sink for Receiver {
    fn file_started(&mut self) {
        self.found.push(Found::File);
    }

    fn content(&mut self, bytes: &[u8]) {
        if self.keeps {
            self.found.push(Found::Content(Bytes::copy_from_slice(bytes)));
        }
    }

    fn content_restarted(&mut self) {
        self.found.push(Found::Again);
    }

    fn file_finished(&mut self, name: String, tags: Vec<String>) {
        self.found.push(Found::End { name, tags });
    }

    fn files_restarted(&mut self) {
        self.found.push(Found::AllAgain);
    }
}

impl ReceivedFile {
    /// Tells its content from others: the hash of it, not yet bound to any time.
    pub fn fingerprint(&self) -> String {
        self.hasher.clone().finish(Timestamp::UNIX_EPOCH)
    }

    /// Makes the content ready for a unit: durable when large. `ended_at` is the end of the job as stored.
    ///
    /// # Errors
    /// `StorageFull`, `Unavailable`.
    pub async fn finish(self, domain: &Domain, ended_at: Timestamp) -> Result<Received, Error> {
        let content = self.upload.finish(domain).await?;
        Ok(Received { content, secure_hash: self.hasher.finish(ended_at) })
    }
}
