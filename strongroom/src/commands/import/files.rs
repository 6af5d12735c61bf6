//! The original's contents: in its folder, in one bucket, or in a bucket per organisation.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Mutex,
};

use anyhow::{Context as _, Result, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::{
    ObjectStoreExt as _,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path as Key,
};
use strongroom_content::BoxKey;
use strongroom_kernel::Uuid;
use tokio::io::AsyncReadExt as _;

/// Bytes of a piece.
const PIECE: usize = 256 << 10;

/// Where the original keeps contents.
pub(super) struct Files {
    place: Place,
    key: Option<BoxKey>,
}

enum Place {
    Folder(PathBuf),
    Bucket(String),
    BucketEach { prefix: String, open: Mutex<HashMap<String, AmazonS3>> },
}

/// A content in pieces.
pub(super) type Pieces = BoxStream<'static, Result<Vec<u8>>>;

impl Files {
    /// The folder `<organization>/<first 3 characters of the id>/<id>` is in.
    pub(super) fn folder(folder: &Path, key: Option<BoxKey>) -> Result<Self> {
        if !folder.is_dir() {
            bail!("there is no folder {}", folder.display());
        }
        Ok(Self { place: Place::Folder(folder.to_owned()), key })
    }

    /// The bucket with keys `<organization>/<id>`.
    pub(super) fn one_bucket(bucket: &str, key: Option<BoxKey>) -> Self {
        Self { place: Place::Bucket(bucket.to_owned()), key }
    }

    /// The buckets `<prefix><organization>` with keys `<id>`.
    pub(super) fn bucket_each(prefix: &str, key: Option<BoxKey>) -> Self {
        Self { place: Place::BucketEach { prefix: prefix.to_owned(), open: Mutex::default() }, key }
    }

    /// The content of a raw file, decrypted; `None` when there is none.
    ///
    /// Encrypted content is held in memory as a whole, as the original holds it.
    ///
    /// # Errors
    /// When it cannot be read, or was not encrypted with the key.
    pub(super) async fn read(&self, organization: &str, id: Uuid) -> Result<Option<Pieces>> {
        let reading = || format!("read the content of raw file {id}");
        let pieces = match &self.place {
            Place::Folder(folder) => read_file(folder, organization, id).await.with_context(reading)?,
            Place::Bucket(bucket) => {
                let key = Key::from_iter([organization, &id.to_string()]);
                read_object(&client(bucket)?, &key).await.with_context(reading)?
            }
            Place::BucketEach { prefix, open } => {
                let bucket = format!("{prefix}{organization}");
                let known = open.lock().ok().and_then(|open| open.get(&bucket).cloned());
                let client = match known {
                    Some(client) => client,
                    None => client(&bucket)?,
                };
                if let Ok(mut open) = open.lock() {
                    open.insert(bucket, client.clone());
                }
                read_object(&client, &Key::from(id.to_string())).await.with_context(reading)?
            }
        };
        match (pieces, &self.key) {
            (Some(pieces), Some(key)) => {
                let sealed: Vec<u8> = pieces.try_concat().await.with_context(reading)?;
                let opened = key.open(&sealed).with_context(|| format!("decrypt raw file {id}"))?;
                Ok(Some(futures::stream::once(async { Ok(opened) }).boxed()))
            }
            (pieces, _) => Ok(pieces),
        }
    }
}

async fn read_file(folder: &Path, organization: &str, id: Uuid) -> Result<Option<Pieces>> {
    let id = id.to_string();
    let path = folder.join(organization).join(&id[..3]).join(&id);
    let file = match tokio::fs::File::open(&path).await {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("open {}", path.display())),
    };
    let pieces = futures::stream::try_unfold(file, |mut file| async move {
        let mut piece = Vec::with_capacity(PIECE);
        let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece).await?;
        Ok((read > 0).then_some((piece, file)))
    });
    Ok(Some(pieces.boxed()))
}

async fn read_object(client: &AmazonS3, key: &Key) -> Result<Option<Pieces>> {
    match client.get(key).await {
        Ok(found) => Ok(Some(found.into_stream().map_ok(|piece| piece.to_vec()).map_err(Into::into).boxed())),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Server and keys are those of the usual `AWS_*` variables; the server may speak plain HTTP.
fn client(bucket: &str) -> Result<AmazonS3> {
    let builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_allow_http(true);
    builder.build().with_context(|| format!("set up S3 for bucket {bucket}"))
}
