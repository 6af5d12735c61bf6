//! Where things are stored: database, packs, content store, tiles.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use strongroom_content::{
    BoxKey, DiskTiles, ObjectPacks, OpenStore, PackSettings, Reserve, Sealing, open_packs, open_store,
};
use strongroom_database::{Postgres, PostgresOptions, Sqlite, SqliteOptions};
use strongroom_kernel::ports::{ContentStore, Database, PackObjects, Packs, Sealer, TileStore};

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
    /// Small content; with PostgreSQL there are none.
    pub(crate) packs: Option<Arc<dyn Packs>>,
    /// Large content.
    pub(crate) store: Arc<dyn ContentStore>,
    /// Where small content is moved to from the database; only with PostgreSQL.
    pub(crate) objects: Option<Arc<dyn PackObjects>>,
    /// Seals what is in the database and in objects; only with PostgreSQL, and only where content is sealed.
    pub(crate) sealer: Option<Arc<dyn Sealer>>,
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
    let OpenStore { content, plain } = store(config, folder, reserve).await.context("open content store")?;
    // packs seal by themselves
    let in_database = config.database.url.is_some();
    let sealer = sealing(config)?.filter(|_| in_database).map(|sealing| Arc::new(sealing) as Arc<dyn Sealer>);
    let checkpoint_copy = config.ledger.checkpoint_copy.as_deref();
    Ok(Stores {
        database,
        packs,
        store: content,
        objects: in_database.then(|| Arc::new(ObjectPacks::new(plain)) as Arc<dyn PackObjects>),
        sealer,
        tiles: Arc::new(DiskTiles::new(&folder.tiles())),
        checkpoint_copy: checkpoint_copy.map(|folder| Arc::new(DiskTiles::new(folder)) as Arc<dyn TileStore>),
    })
}

/// Opens the database, with its schema brought up to date where that is for writing.
///
/// # Errors
/// When it cannot be opened or its schema is not ours.
pub(crate) async fn database(config: &Config, folder: &DataFolder, mode: Mode) -> Result<Arc<dyn Database>> {
    if let Some(url) = &config.database.url {
        let options = PostgresOptions::default();
        return Ok(match mode {
            Mode::Write => Arc::new(Postgres::connect(url.reveal(), &schemas(), &options).await?),
            Mode::Read => Arc::new(Postgres::connect_read_only(url.reveal(), &schemas(), &options).await?),
        });
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
    let sealing = sealing(config)?;
    Ok(Some(open_packs(&folder.packs(), PackSettings::default(), Arc::clone(reserve), sealing)))
}

async fn store(config: &Config, folder: &DataFolder, reserve: Arc<Reserve>) -> Result<OpenStore> {
    let variables = config.content.aws.iter().cloned();
    let sealing = sealing(config)?;
    Ok(open_store(config.content.url.as_deref(), variables, folder.path(), reserve, sealing).await?)
}

/// What content is sealed with, if it is.
fn sealing(config: &Config) -> Result<Option<Sealing>> {
    match config.content.encryption {
        Encryption::None => Ok(None),
        Encryption::NaclBox => Ok(sealing_key(config)?.map(|key| Sealing { key, rng: rng() })),
    }
}

/// The key that the two configured keys make, if both are there, whether content is sealed with it or not.
///
/// # Errors
/// When one of them is not base64 of 32 bytes.
pub(crate) fn sealing_key(config: &Config) -> Result<Option<BoxKey>> {
    let (Some(private), Some(public)) = (&config.content.private_key, &config.content.public_key) else {
        return Ok(None);
    };
    let private = key_bytes(private.reveal()).context("content.private_key")?;
    let public = key_bytes(public).context("content.public_key")?;
    Ok(Some(BoxKey::new(&private, &public)))
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
    let applied = if let Some(url) = &config.database.url {
        Postgres::migrate(url.reveal(), &schemas()).await?
    } else {
        let path = folder.database();
        let applied = tokio::task::spawn_blocking(move || Sqlite::migrate(&path, &schemas())).await;
        applied.context("migrate")??
    };
    Ok(applied.iter().map(|step| format!("{} {} {}", step.service, step.version, step.name)).collect())
}
