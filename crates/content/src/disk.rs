//! Large content in a folder, each a file of its own.
//!
//! `objects/<2>/<domain>/<2>/<digest>`: `<domain>` is SHA-256 of the domain's text and `<digest>` that of the
//! content, in hex, each in a folder of its first two digits; so no name from outside becomes a path. A file
//! `domain` beside the contents of a domain has its text. Listing is in `listing.rs`, uploads are in `staging.rs`.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, ErrorKind},
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream;
use parking_lot::Mutex;
use strongroom_durable::{self as durable, Access};
use strongroom_kernel::ports::{ByteStream, ContentKey, ContentStore, PortError, Staged};
use strongroom_model::Domain;

use crate::{
    Reserve, blocking,
    headed::{Headed, HeadedStaged},
    listing,
    paths::domain_hash,
    staging::{StagedFile, Staging},
};

/// Bytes that are read at once.
const PIECE: u64 = 1 << 20;
/// Folders that are remembered as durable.
const KNOWN_FOLDERS: usize = 1 << 16;

/// Large content in a folder.
#[derive(Debug)]
pub struct Disk {
    objects: PathBuf,
    staging: Staging,
    /// Folders that this process has made sure of.
    known: Arc<Mutex<HashSet<PathBuf>>>,
}

impl Disk {
    /// The content under `folder`, in `objects` and `staging`, which need not be there yet.
    pub fn new(folder: &Path, reserve: Arc<Reserve>) -> Self {
        Self {
            objects: folder.join("objects"),
            staging: Staging::new(&folder.join("staging"), reserve),
            known: Arc::default(),
        }
    }

    async fn begin(&self, head: u64) -> Result<Box<DiskStaged>, PortError> {
        let file = self.staging.begin(head).await?;
        Ok(Box::new(DiskStaged { file, objects: self.objects.clone(), known: Arc::clone(&self.known) }))
    }
}

#[async_trait]
impl ContentStore for Disk {
    async fn stage(&self) -> Result<Box<dyn Staged>, PortError> {
        Ok(self.begin(0).await?)
    }

    async fn size(&self, key: &ContentKey) -> Result<Option<u64>, PortError> {
        let path = path(&self.objects, key);
        blocking::run("look for content", move || match fs::metadata(path) {
            Ok(found) => Ok(Some(found.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn read(&self, key: &ContentKey, range: Range<u64>) -> Result<ByteStream, PortError> {
        let path = path(&self.objects, key);
        let first = blocking::run("open content", move || {
            let file = File::open(path)?;
            let end = range.end.min(file.metadata()?.len());
            let mut reading = Reading { file: Arc::new(file), next: range.start, end };
            Ok((reading.piece()?, reading))
        });
        let (first, rest) = first.await?;
        let state = (Some(first), rest);
        Ok(Box::pin(stream::try_unfold(state, |(first, mut rest)| async move {
            let (piece, rest) = match first {
                Some(piece) => (piece, rest),
                None if rest.next >= rest.end => return Ok(None),
                None => blocking::run("read content", move || Ok((rest.piece()?, rest))).await?,
            };
            Ok((!piece.is_empty()).then_some((piece, (None, rest))))
        })))
    }

    async fn remove(&self, key: &ContentKey) -> Result<(), PortError> {
        let path = path(&self.objects, key);
        blocking::run("remove content", move || {
            if durable::remove(&path)? { durable::sync_folder(durable::parent(&path)) } else { Ok(()) }
        })
        .await
    }

    async fn list(
        &self,
        after: Option<&ContentKey>,
        limit: usize,
    ) -> Result<Vec<(ContentKey, u64)>, PortError> {
        let (objects, after) = (self.objects.clone(), after.cloned());
        blocking::run("list content", move || listing::list(&objects, after.as_ref(), limit)).await
    }

    async fn sweep_staged(&self) -> Result<u64, PortError> {
        self.staging.sweep().await
    }
}

#[async_trait]
impl Headed for Disk {
    async fn stage_behind(&self, head: u64) -> Result<Box<dyn HeadedStaged>, PortError> {
        Ok(self.begin(head).await?)
    }
}

/// A file being read, a piece at a time.
struct Reading {
    file: Arc<File>,
    next: u64,
    end: u64,
}

impl Reading {
    fn piece(&mut self) -> io::Result<Bytes> {
        let length = self.end.saturating_sub(self.next).min(PIECE);
        let mut piece = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut piece, self.next)?;
        self.next += length;
        Ok(piece.into())
    }
}

struct DiskStaged {
    file: StagedFile,
    objects: PathBuf,
    known: Arc<Mutex<HashSet<PathBuf>>>,
}

#[async_trait]
impl Staged for DiskStaged {
    async fn write(&mut self, piece: Bytes) -> Result<(), PortError> {
        self.file.write(piece).await
    }

    async fn keep(self: Box<Self>, key: &ContentKey) -> Result<(), PortError> {
        self.keep_behind(Bytes::new(), key).await
    }

    async fn discard(self: Box<Self>) {}
}

#[async_trait]
impl HeadedStaged for DiskStaged {
    async fn keep_behind(mut self: Box<Self>, head: Bytes, key: &ContentKey) -> Result<(), PortError> {
        self.file.finish().await?;
        let Self { file, objects, known } = *self;
        let key = key.clone();
        blocking::run("keep content", move || {
            let staged = file.file();
            staged.write_all_at(&head, 0)?;
            // In this order: whoever finds the name finds the whole content behind it, after a crash too.
            staged.sync_all()?;
            let path = path(&objects, &key);
            make_folders(&objects, &key, &known)?;
            // Content that is there already stays; the one who put it there may not have synced the folder yet.
            durable::rename_new(file.path(), &path)?;
            durable::sync_folder(durable::parent(&path))
        })
        .await
    }
}

/// Makes the folders that content `key` stands in, and the file that names its domain. Durable when it returns.
fn make_folders(objects: &Path, key: &ContentKey, known: &Mutex<HashSet<PathBuf>>) -> io::Result<()> {
    let domain = domain_folder(objects, &key.domain);
    let content = durable::parent(&path(objects, key)).to_owned();
    if known.lock().contains(&content) {
        return Ok(());
    }
    // Each of them, also where the next is there: whoever made it may have died before it was synced.
    for folder in [objects, durable::parent(&domain), &domain, &content] {
        if !known.lock().contains(folder) {
            durable::create_folder(folder)?;
            if folder == domain {
                name_domain(folder, &key.domain)?;
            }
            remember(known, folder);
        }
    }
    Ok(())
}

fn name_domain(folder: &Path, domain: &Domain) -> io::Result<()> {
    match durable::create(&folder.join(listing::DOMAIN_FILE), domain.as_str().as_bytes(), Access::Private) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => durable::sync_folder(folder),
        named => named,
    }
}

fn remember(known: &Mutex<HashSet<PathBuf>>, folder: &Path) {
    let mut known = known.lock();
    if known.len() >= KNOWN_FOLDERS {
        known.clear();
    }
    known.insert(folder.to_owned());
}

fn path(objects: &Path, key: &ContentKey) -> PathBuf {
    let digest = key.digest.to_string();
    domain_folder(objects, &key.domain).join(&digest[..2]).join(digest)
}

fn domain_folder(objects: &Path, domain: &Domain) -> PathBuf {
    let hash = domain_hash(domain);
    objects.join(&hash[..2]).join(hash)
}
