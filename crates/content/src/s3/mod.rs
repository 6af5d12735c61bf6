//! Large content on any S3 server.
//!
//! `<prefix>/objects/<domain>/<digest>`: `<domain>` is SHA-256 of the domain's text and `<digest>` that of the
//! content, in hex; `<prefix>/domains/<domain>` has that text. S3 cannot rename, and the digest is known only when
//! all content has passed, so an upload is spooled to a local file first and goes to its key from there
//! (`upload.rs`): no limit of server-side copies, nothing half done in the bucket, local disk as much as uploads
//! under way have. What multipart uploads of a killed process leave is invisible; it is ended at a later start, when it
//! is a day old (`abandoned.rs`), or by a lifecycle rule of the bucket (`AbortIncompleteMultipartUpload`).

mod abandoned;
mod error;
mod settings;
mod upload;

use std::{collections::HashMap, ops::Range, path::Path as FolderPath, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, aws::AmazonS3, client::HttpClient, path::Path,
};
use parking_lot::Mutex;
use strongroom_kernel::ports::{ByteStream, ContentKey, ContentStore, PortError, Staged};
use strongroom_model::{Digest, Domain};

pub use settings::S3Settings;

use self::error::{bucket_error, port_error};
use crate::{
    Reserve,
    headed::{Headed, HeadedStaged},
    paths::domain_hash,
    staging::Staging,
};

/// Longest piece that is handed on at once.
const PIECE: usize = 1 << 20;
/// Ends above this are no real lengths; servers are not asked with them.
const ENDLESS: u64 = 1 << 60;
/// Domains that are remembered.
const KNOWN_DOMAINS: usize = 1 << 16;

/// Large content on an S3 server. Recovers by itself when the server was gone.
#[derive(Debug)]
pub struct S3Store {
    bucket: Arc<Bucket>,
    staging: Staging,
    abandoned_after: Duration,
}

/// The bucket, and what this process knows of it.
#[derive(Debug)]
struct Bucket {
    client: AmazonS3,
    /// For requests that the other has no call for.
    plain: HttpClient,
    prefix: Path,
    /// Texts of domains by their hashes: those that are certainly in the bucket.
    domains: Mutex<HashMap<String, Domain>>,
    parts: upload::Parts,
}

impl S3Store {
    /// The content at the place `settings` names, spooling in `folder`, which need not be there yet.
    /// The bucket is looked at once; it is never made.
    ///
    /// # Errors
    /// `Missing` when there is no such bucket, `Refused` when a setting is malformed, `Unavailable`.
    pub async fn open(
        settings: &S3Settings,
        folder: &FolderPath,
        reserve: Arc<Reserve>,
    ) -> Result<Self, PortError> {
        let refused = |error| PortError::refused("set up S3").with_source(error);
        let client = settings.client().map_err(refused)?;
        let plain = settings.plain_client().map_err(refused)?;
        let bucket = Bucket {
            client,
            plain,
            prefix: settings.prefix().clone(),
            domains: Mutex::default(),
            parts: upload::Parts::default(),
        };
        let found = bucket.client.list(Some(&bucket.folder("objects"))).next().await;
        found.transpose().map_err(bucket_error)?;
        let staging = Staging::new(&folder.join("staging"), reserve);
        Ok(Self { bucket: Arc::new(bucket), staging, abandoned_after: settings.abandoned_after() })
    }
}

#[async_trait]
impl ContentStore for S3Store {
    async fn stage(&self) -> Result<Box<dyn Staged>, PortError> {
        Ok(upload::begin(&self.bucket, &self.staging, 0).await?)
    }

    async fn size(&self, key: &ContentKey) -> Result<Option<u64>, PortError> {
        self.bucket.size(key).await
    }

    async fn read(&self, key: &ContentKey, range: Range<u64>) -> Result<ByteStream, PortError> {
        if range.is_empty() {
            return self.bucket.empty_if_there(key).await;
        }
        let wanted = match (range.start, range.end) {
            (0, ENDLESS..) => None,
            (start, ENDLESS..) => Some(GetRange::Offset(start)),
            (start, end) => Some(GetRange::Bounded(start..end)),
        };
        let options = GetOptions { range: wanted, ..GetOptions::default() };
        let doing = "read content from S3";
        let got = match self.bucket.client.get_opts(&self.bucket.path(key), options).await {
            Ok(got) => got,
            // A range that begins behind the end is an error there, and none here.
            Err(error @ object_store::Error::Generic { .. }) => {
                return match self.bucket.size(key).await? {
                    Some(size) if size <= range.start => Ok(Box::pin(stream::empty())),
                    _ => Err(port_error(doing, error)),
                };
            }
            Err(error) => return Err(port_error(doing, error)),
        };
        let pieces = got.into_stream().map_err(move |error| port_error(doing, error));
        Ok(Box::pin(pieces.map_ok(|piece| stream::iter(split(piece).map(Ok))).try_flatten()))
    }

    async fn remove(&self, key: &ContentKey) -> Result<(), PortError> {
        match self.bucket.client.delete(&self.bucket.path(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(port_error("remove content from S3", error)),
        }
    }

    async fn list(
        &self,
        after: Option<&ContentKey>,
        limit: usize,
    ) -> Result<Vec<(ContentKey, u64)>, PortError> {
        let folder = self.bucket.folder("objects");
        let mut listed = match after {
            Some(after) => self.bucket.client.list_with_offset(Some(&folder), &self.bucket.path(after)),
            None => self.bucket.client.list(Some(&folder)),
        };
        let mut page = Vec::new();
        while page.len() < limit {
            let Some(object) = listed.next().await else { break };
            let object = object.map_err(|error| port_error("list content on S3", error))?;
            let Some((hash, digest)) = parse_key(&folder, &object.location) else { continue };
            if let Some(domain) = self.bucket.domain(hash).await? {
                page.push((ContentKey { domain, digest }, object.size));
            }
        }
        Ok(page)
    }

    async fn sweep_staged(&self) -> Result<u64, PortError> {
        let ended = abandoned::end(&self.bucket, self.abandoned_after).await?;
        Ok(ended + self.staging.sweep().await?)
    }
}

#[async_trait]
impl Headed for S3Store {
    async fn stage_behind(&self, head: u64) -> Result<Box<dyn HeadedStaged>, PortError> {
        Ok(upload::begin(&self.bucket, &self.staging, head).await?)
    }
}

impl Bucket {
    fn folder(&self, name: &str) -> Path {
        self.prefix.clone().join(name)
    }

    fn path(&self, key: &ContentKey) -> Path {
        self.folder("objects").join(domain_hash(&key.domain)).join(key.digest.to_string())
    }

    /// Length of what is stored under `key`.
    async fn size(&self, key: &ContentKey) -> Result<Option<u64>, PortError> {
        match self.client.head(&self.path(key)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(port_error("look for content on S3", error)),
        }
    }

    async fn empty_if_there(&self, key: &ContentKey) -> Result<ByteStream, PortError> {
        match self.size(key).await? {
            Some(_) => Ok(Box::pin(stream::empty())),
            None => Err(PortError::missing("read content from S3")),
        }
    }

    /// The domain that `hash` stands for. `None` when the bucket does not say, or says another.
    async fn domain(&self, hash: &str) -> Result<Option<Domain>, PortError> {
        if let Some(domain) = self.domains.lock().get(hash) {
            return Ok(Some(domain.clone()));
        }
        let doing = "read the name of a content domain from S3";
        let text = match self.client.get(&self.folder("domains").join(hash)).await {
            Ok(got) => got.bytes().await.map_err(|error| port_error(doing, error))?,
            Err(object_store::Error::NotFound { .. }) => Bytes::new(),
            Err(error) => return Err(port_error(doing, error)),
        };
        let domain = std::str::from_utf8(&text).ok().and_then(|text| Domain::parse(text).ok());
        let domain = domain.filter(|domain| domain_hash(domain) == hash);
        match &domain {
            Some(domain) => self.remember(hash, domain),
            None => {
                tracing::warn!(hash, "the name of a content domain is damaged; its content is not listed");
            }
        }
        Ok(domain)
    }

    /// Sees to it that the bucket has the text of `domain`.
    async fn name_domain(&self, domain: &Domain) -> Result<(), PortError> {
        let hash = domain_hash(domain);
        if self.domains.lock().contains_key(&hash) {
            return Ok(());
        }
        let text = Bytes::copy_from_slice(domain.as_str().as_bytes());
        let put = self.client.put(&self.folder("domains").join(hash.as_str()), text.into()).await;
        put.map_err(|error| port_error("write the name of a content domain to S3", error))?;
        self.remember(&hash, domain);
        Ok(())
    }

    fn remember(&self, hash: &str, domain: &Domain) {
        let mut domains = self.domains.lock();
        if domains.len() >= KNOWN_DOMAINS {
            domains.clear();
        }
        domains.insert(hash.to_owned(), domain.clone());
    }
}

/// Hash of the domain and digest of the content that stand at `location`, if we wrote it.
fn parse_key<'a>(folder: &Path, location: &'a Path) -> Option<(&'a str, Digest)> {
    let rest = location.as_ref().strip_prefix(folder.as_ref())?.strip_prefix('/')?;
    let (hash, digest) = rest.split_once('/')?;
    Some((hash, digest.parse().ok()?))
}

/// The same bytes, at most [`PIECE`] at once.
fn split(mut piece: Bytes) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(move || (!piece.is_empty()).then(|| piece.split_to(piece.len().min(PIECE))))
}
