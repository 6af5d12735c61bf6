//! Where a platform's rows live: in its folder or, when `STRONGROOM_TEST_PLATFORM` is `postgresql`, in a database
//! of its own on the server that `STRONGROOM_TEST_POSTGRES_URL` names. So the same tests hold both.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use strongroom_database::{Postgres, PostgresOptions, Sqlite, SqliteOptions};
use strongroom_kernel::{Schema, ports::Database};
use tokio_postgres::NoTls;

const PLATFORM: &str = "STRONGROOM_TEST_PLATFORM";
const SERVER: &str = "STRONGROOM_TEST_POSTGRES_URL";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The place of a platform's rows.
#[derive(Debug)]
pub(crate) enum Home {
    /// SQLite in the platform's folder.
    Folder,
    /// A database of this name on the server; dropped with this.
    Server(String),
}

impl Home {
    /// A new, empty place.
    pub(crate) async fn new() -> Self {
        if std::env::var(PLATFORM).as_deref() != Ok("postgresql") {
            return Self::Folder;
        }
        Self::on_server().await.expect("STRONGROOM_TEST_POSTGRES_URL names the server")
    }

    /// A new, empty database on the server, if one is named.
    pub(crate) async fn on_server() -> Option<Self> {
        let server = std::env::var(SERVER).ok()?;
        #[expect(clippy::disallowed_methods, reason = "databases of earlier runs may still be there")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_nanos();
        let name = format!("kit_{now}_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        administer(&server, &format!("CREATE DATABASE {name}")).await;
        Some(Self::Server(name))
    }

    /// Opens the database, and makes its tables where they are missing.
    pub(crate) async fn open(&self, folder: &Path, schemas: &[Schema]) -> Arc<dyn Database> {
        match self {
            Self::Folder => {
                let opened = Sqlite::open(&folder.join("strongroom.db"), schemas, &SqliteOptions::default());
                Arc::new(opened.expect("an empty database can be made"))
            }
            Self::Server(name) => {
                let opened = Postgres::connect(&url(name), schemas, &PostgresOptions::default()).await;
                Arc::new(opened.expect("an empty database can be used"))
            }
        }
    }

    /// Opens the database for reading, beside whoever writes.
    pub(crate) async fn read_only(&self, folder: &Path, schemas: &[Schema]) -> Arc<dyn Database> {
        match self {
            Self::Folder => {
                let path = folder.join("strongroom.db");
                let opened = Sqlite::open_read_only(&path, schemas, &SqliteOptions::default());
                Arc::new(opened.expect("the database can be read"))
            }
            Self::Server(name) => {
                let options = PostgresOptions::default();
                let opened = Postgres::connect_read_only(&url(name), schemas, &options).await;
                Arc::new(opened.expect("the database can be read"))
            }
        }
    }

    /// Carries out statements in the database on the server.
    pub(crate) async fn execute(&self, statements: &str) {
        if let Self::Server(name) = self {
            administer(&url(name), statements).await;
        }
    }
}

/// The URL of the database `name`.
fn url(name: &str) -> String {
    let server = std::env::var(SERVER).expect("the variable was set a moment ago");
    let (base, parameters) = server.split_once('?').unwrap_or((&server, ""));
    let (base, _) = base.rsplit_once('/').expect("the URL names a database");
    format!("{base}/{name}?{parameters}")
}

impl Drop for Home {
    fn drop(&mut self) {
        let (Self::Server(name), Ok(server)) = (&*self, std::env::var(SERVER)) else { return };
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        // the test's own runtime is ending
        let dropped = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(administer(&server, &drop));
        });
        let _left_behind = dropped.join();
    }
}

async fn administer(server: &str, statement: &str) {
    let (client, connection) = tokio_postgres::connect(server, NoTls).await.expect("the server answers");
    let connection = tokio::spawn(connection);
    client.batch_execute(statement).await.expect("the server makes and drops databases");
    drop(client);
    let _closed = connection.await;
}
