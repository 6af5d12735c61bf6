//! SQLite against the suite of the port.

mod particular;

use std::{
    future::{Ready, ready},
    path::PathBuf,
    sync::Arc,
};

use async_trait::async_trait;
use strongroom_contract::database::Place;
use strongroom_database::{Sqlite, SqliteOptions};
use strongroom_kernel::{
    Schema,
    ports::{Database, PortError},
};
use tempfile::TempDir;

/// A folder with one database, with a small log so that checkpoints are part of the suite.
#[derive(Debug)]
pub(crate) struct Folder(TempDir);

#[async_trait]
impl Place for Folder {
    async fn open(&self, schemas: &[Schema]) -> Result<Arc<dyn Database>, PortError> {
        let options =
            SqliteOptions { checkpoint_from: 64 << 10, restart_from: 512 << 10, ..SqliteOptions::default() };
        Ok(Arc::new(Sqlite::open(&self.path(), schemas, &options)?))
    }
}

fn folder() -> Ready<Option<Folder>> {
    ready(Some(Folder::new()))
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("there is room for a folder"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("strongroom.db")
    }
}

strongroom_contract::database_tests!(folder);
