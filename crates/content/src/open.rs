//! From what an operator writes to a store: the folder or S3, sealed if there is a key.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use strongroom_kernel::ports::{ContentStore, Packs, PortError, Rng, RngExt as _, Sealer};

use crate::{
    BoxKey, Disk, FilePacks, Headed, PackSettings, Reserve, S3Settings, S3Store, SealedPacks, SealedStore,
};

/// What content is sealed with.
#[derive(Debug, Clone)]
pub struct Sealing {
    /// The key.
    pub key: BoxKey,
    /// Where nonces come from.
    pub rng: Arc<dyn Rng>,
}

impl Sealer for Sealing {
    fn seal(&self, plain: &[u8]) -> Vec<u8> {
        self.key.seal(&self.rng.bytes(), plain)
    }

    fn open(&self, sealed: &[u8]) -> Result<Bytes, PortError> {
        let plain = self.key.open(sealed);
        plain.map(Bytes::from).ok_or_else(|| PortError::corrupt("open sealed small content"))
    }
}

/// A store as large content goes to it, and as it is behind that.
#[derive(Debug, Clone)]
pub struct OpenStore {
    /// For large content: sealed, if there is a key.
    pub content: Arc<dyn ContentStore>,
    /// The same place without sealing, for objects of contents that are sealed one by one.
    pub plain: Arc<dyn ContentStore>,
}

/// Opens the store for large content that `url` names.
///
/// None is the data folder `data`, `file:` and a path another folder, `s3://bucket/prefix` an S3 server with the
/// rest from `variables` ([`S3Settings::new`]), which spools its uploads in `data`.
///
/// # Errors
/// `Refused` when `url` is none of these; as [`S3Store::open`].
pub async fn open_store(
    url: Option<&str>,
    variables: impl IntoIterator<Item = (String, String)>,
    data: &Path,
    reserve: Arc<Reserve>,
    sealing: Option<Sealing>,
) -> Result<OpenStore, PortError> {
    let Some(url) = url else { return Ok(opened(Disk::new(data, reserve), sealing)) };
    if let Some(folder) = url.strip_prefix("file:") {
        let folder = Path::new(folder.strip_prefix("//").unwrap_or(folder));
        if !folder.is_absolute() {
            return Err(PortError::refused("read the content URL: the path after file: is not absolute"));
        }
        return Ok(opened(Disk::new(folder, Arc::new(reserve.at(folder))), sealing));
    }
    let settings = S3Settings::new(url, variables)?;
    Ok(opened(S3Store::open(&settings, data, reserve).await?, sealing))
}

/// The packs in `folder` ([`FilePacks::new`]).
pub fn open_packs(
    folder: &Path,
    settings: PackSettings,
    reserve: Arc<Reserve>,
    sealing: Option<Sealing>,
) -> Arc<dyn Packs> {
    let packs = FilePacks::new(folder, settings, reserve);
    match sealing {
        Some(Sealing { key, rng }) => Arc::new(SealedPacks::new(packs, key, rng)),
        None => Arc::new(packs),
    }
}

fn opened(store: impl Headed + 'static, sealing: Option<Sealing>) -> OpenStore {
    let plain = Arc::new(store);
    let content: Arc<dyn ContentStore> = match sealing {
        Some(Sealing { key, rng }) => Arc::new(SealedStore::around(Arc::clone(&plain), key, rng)),
        None => Arc::clone(&plain) as _,
    };
    OpenStore { content, plain }
}

#[cfg(test)]
mod tests {
    use strongroom_kernel::ports::{PortErrorKind, SystemRng};

    use super::*;

    async fn open(url: Option<&str>, data: &Path, sealing: Option<Sealing>) -> Result<String, PortError> {
        let reserve = Arc::new(Reserve::new(data, 0));
        open_store(url, [], data, reserve, sealing).await.map(|store| format!("{:?}", store.content))
    }

    #[tokio::test]
    async fn urls_choose_the_store() {
        let data = tempfile::tempdir().unwrap();
        let sealing = Sealing { key: BoxKey::new(&[1; 32], &[9; 32]), rng: Arc::new(SystemRng) };
        assert!(open(None, data.path(), None).await.unwrap().starts_with("Disk"));
        assert!(open(None, data.path(), Some(sealing)).await.unwrap().starts_with("SealedStore"));
        for url in ["file:/elsewhere", "file:///elsewhere"] {
            assert!(open(Some(url), data.path(), None).await.unwrap().contains("\"/elsewhere/objects\""));
        }
        for url in ["", "elsewhere", "file:elsewhere", "file://host/elsewhere", "ftp://x", "s3://"] {
            let error = open(Some(url), data.path(), None).await.unwrap_err();
            assert_eq!(error.kind, PortErrorKind::Refused, "{url}");
        }
    }
}
