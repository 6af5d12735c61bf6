//! Full tiles and the published checkpoint in a folder, as a web server could serve them.
//!
//! All of our own ledger derives from the records. Its tiles are synced before they have their names: one that is lost
//! is made again, but the next start builds on one that is there. Its checkpoints are not synced, the start tests them.
//! Copies of other ledgers are durable.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use strongroom_durable::{self as durable, Access};
use strongroom_kernel::ports::{PortError, TileStore};

use crate::blocking;

/// Tiles in a folder, under their public paths.
#[derive(Debug)]
pub struct DiskTiles {
    folder: PathBuf,
    durable: bool,
}

impl DiskTiles {
    /// The tiles in `folder`, which need not be there yet.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), durable: false }
    }

    /// The tiles in `folder`, each synced before its write returns: for copies, which cannot be made again.
    pub fn durable(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), durable: true }
    }

    fn path(&self, path: &str) -> Result<PathBuf, PortError> {
        let plain = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        };
        if path.len() <= 256 && path.split('/').all(plain) {
            Ok(self.folder.join(path))
        } else {
            Err(PortError::refused("find a tile: not the path of one"))
        }
    }
}

#[async_trait]
impl TileStore for DiskTiles {
    async fn write(&self, path: &str, content: &[u8]) -> Result<(), PortError> {
        let is_tile = path.starts_with("tile/");
        let (path, content) = (self.path(path)?, content.to_vec());
        let write = match (self.durable, is_tile) {
            (true, _) => durable::write,
            (false, true) => durable::place,
            (false, false) => durable::replace,
        };
        blocking::run("write a tile", move || match write(&path, &content, Access::Public) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                durable::create_folder(durable::parent(&path))?;
                write(&path, &content, Access::Public)
            }
            written => written,
        })
        .await
    }

    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, PortError> {
        let path = self.path(path)?;
        blocking::run("read a tile", move || match fs::read(path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use strongroom_kernel::ports::PortErrorKind;

    use super::*;

    #[tokio::test]
    async fn tiles_come_back_and_are_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let tiles = DiskTiles::new(&folder.path().join("ledger"));
        assert_eq!(tiles.read("tile/0/x001/234").await.unwrap(), None);
        tiles.write("tile/0/x001/234", b"one").await.unwrap();
        tiles.write("tile/0/x001/234", b"two").await.unwrap();
        tiles.write("checkpoint", b"").await.unwrap();
        assert_eq!(tiles.read("tile/0/x001/234").await.unwrap().unwrap(), b"two");
        assert_eq!(tiles.read("checkpoint").await.unwrap().unwrap(), b"");
    }

    #[tokio::test]
    async fn no_path_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let tiles = DiskTiles::new(folder.path());
        for path in ["", "/etc/passwd", "../x", "tile/../../x", "tile//0", "tile/.x", "a\\b", "tile/\0"] {
            assert_eq!(tiles.read(path).await.unwrap_err().kind, PortErrorKind::Refused, "{path:?}");
            assert_eq!(tiles.write(path, b"x").await.unwrap_err().kind, PortErrorKind::Refused, "{path:?}");
        }
    }
}
