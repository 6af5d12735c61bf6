//! Where things are stored: database, packs, content store, tiles.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use strongroom_content::{
    BoxKey, Disk, DiskTiles, FilePacks, Headed, PackSettings, Reserve, S3Settings, S3Store, SealedPacks,
    SealedStore,
};
use strongroom_database::{Sqlite, SqliteOptions};
use strongroom_kernel::ports::{ContentStore, Database, Packs, TileStore};

use super::{rng, schemas};
use crate::{
    config::{Config, Encryption},
    folder::DataFolder,
};

/// Everything that is stored, opened.
#[derive(Debug, Clone)]
pub(crate) struct Stores {
    /// Rows, records, events.
    pub(crate) database: Arc<dyn Database>,
    /// Small content; kept in the database when there is none.
    pub(crate) packs: Option<Arc<dyn Packs>>,
    /// Large content.
    pub(crate) store: Arc<dyn ContentStore>,
    /// Full tiles and the published checkpoint.
    pub(crate) tiles: Arc<dyn TileStore>,
    /// Where the checkpoint is kept too.
    pub(crate) checkpoint_copy: Option<Arc<dyn TileStore>>,
}

/// What the stores are opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// To serve and to write; the data folder is locked.
    Write,
    /// To look, beside whoever writes.
    Read,
}

/// Opens what the configuration names.
///
/// # Errors
/// When a part cannot be opened, saying which.
pub(crate) async fn stores(config: &Config, folder: &DataFolder, mode: Mode) -> Result<Stores> {
    let database = database(config, folder, mode).await.context("open database")?;
    let reserve = Arc::new(Reserve::new(folder.path(), config.data.reserve));
    let packs = packs(config, folder, &reserve)?;
    if let (Mode::Write, Some(packs)) = (mode, &packs) {
        let end = database.pack_end().await.context("find the end of the packs")?;
        packs.recover(end).context("take up packs")?;
    }
    let store = store(config, folder, reserve).await.context("open content store")?;
    let checkpoint_copy = config.ledger.checkpoint_copy.as_deref();
    Ok(Stores {
        database,
        packs,
        store,
        tiles: Arc::new(DiskTiles::new(&folder.tiles())),
        checkpoint_copy: checkpoint_copy.map(|folder| Arc::new(DiskTiles::new(folder)) as Arc<dyn TileStore>),
    })
}

/// Opens the database, with its schema brought up to date where that is for writing.
///
/// # Errors
/// When it cannot be opened or its schema is not ours.
pub(crate) async fn database(config: &Config, folder: &DataFolder, mode: Mode) -> Result<Arc<dyn Database>> {
    if let Some(_url) = &config.database.url {
        bail!("database.url: PostgreSQL is not part of this build");
    }
    let path = folder.database();
    let opened = tokio::task::spawn_blocking(move || match mode {
        Mode::Write => Sqlite::open(&path, &schemas(), &SqliteOptions::default()),
        Mode::Read => Sqlite::open_read_only(&path, &schemas(), &SqliteOptions::default()),
    });
    Ok(Arc::new(opened.await.context("open database")??))
}

fn packs(config: &Config, folder: &DataFolder, reserve: &Arc<Reserve>) -> Result<Option<Arc<dyn Packs>>> {
    if config.database.url.is_some() {
        return Ok(None);
    }
    let packs = FilePacks::new(&folder.packs(), PackSettings::default(), Arc::clone(reserve));
    Ok(Some(match box_key(config)? {
        None => Arc::new(packs),
        Some(key) => Arc::new(SealedPacks::new(packs, key, rng())),
    }))
}

async fn store(config: &Config, folder: &DataFolder, reserve: Arc<Reserve>) -> Result<Arc<dyn ContentStore>> {
    match &config.content.url {
        None => sealed_or_plain(config, Disk::new(folder.path(), reserve)),
        Some(url) => {
            let settings = S3Settings::new(url, config.content.aws.iter().cloned())?;
            sealed_or_plain(config, S3Store::open(&settings, folder.path(), reserve).await?)
        }
    }
}

fn sealed_or_plain<S: ContentStore + Headed + 'static>(
    config: &Config,
    store: S,
) -> Result<Arc<dyn ContentStore>> {
    Ok(match box_key(config)? {
        None => Arc::new(store),
        Some(key) => Arc::new(SealedStore::new(store, key, rng())),
    })
}

/// The key under which content is sealed, if it is.
fn box_key(config: &Config) -> Result<Option<BoxKey>> {
    match (config.content.encryption, &config.content.private_key, &config.content.public_key) {
        (Encryption::NaclBox, Some(private), Some(public)) => {
            let private = key_bytes(private.reveal()).context("content.private_key")?;
            let public = key_bytes(public).context("content.public_key")?;
            Ok(Some(BoxKey::new(&private, &public)))
        }
        _ => Ok(None),
    }
}

fn key_bytes(text: &str) -> Result<[u8; 32]> {
    // the value itself must not be shown, so neither is the decoder's error
    let bytes = BASE64_STANDARD.decode(text.trim()).ok();
    bytes.and_then(|bytes| bytes.try_into().ok()).context("is not base64 of 32 bytes")
}

/// Brings the database's schema up to date; returns what was applied.
///
/// # Errors
/// As [`database`].
pub(crate) async fn migrate(config: &Config, folder: &DataFolder) -> Result<Vec<String>> {
    if config.database.url.is_some() {
        bail!("database.url: PostgreSQL is not part of this build");
    }
    let path = folder.database();
    let applied = tokio::task::spawn_blocking(move || Sqlite::migrate(&path, &schemas())).await;
    Ok(applied
        .context("migrate")??
        .iter()
        .map(|step| format!("{} {} {}", step.service, step.version, step.name))
        .collect())
}
