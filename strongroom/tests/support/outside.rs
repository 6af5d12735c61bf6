//! Services that a test needs beside the program, where the environment names them (`cargo xtask services up`).

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

use super::Room;

/// A database of its own on a PostgreSQL server.
pub(crate) struct Postgres {
    server: String,
    name: String,
    pub(crate) url: String,
    runtime: Runtime,
}

impl Postgres {
    /// A new database; `None`, said aloud, where no server is named.
    pub(crate) fn new() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var("STRONGROOM_TEST_POSTGRES_URL") else {
            println!("skipped: STRONGROOM_TEST_POSTGRES_URL is not set");
            return None;
        };
        // a folder's name is as good as new
        let folder = tempfile::tempdir().unwrap();
        let unique = folder.path().file_name().unwrap().to_string_lossy().to_ascii_lowercase();
        let unique: String = unique.chars().filter(char::is_ascii_alphanumeric).collect();
        let name = format!("e2e_{unique}_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (base, parameters) = server.split_once('?').unwrap_or((&server, ""));
        let (host, _) = base.rsplit_once('/').unwrap();
        let url = format!("{host}/{name}?{parameters}");
        let database = Self { server: server.clone(), name, url, runtime };
        database.on(&database.server, &format!("CREATE DATABASE {}", database.name));
        Some(database)
    }

    /// Carries out statements in this database.
    pub(crate) fn execute(&self, sql: &str) {
        self.on(&self.url, sql);
    }

    /// Whether a condition of SQL holds in this database.
    pub(crate) fn holds(&self, condition: &str) -> bool {
        let sql = format!("SELECT {condition}");
        self.runtime.block_on(async { connect(&self.url).await.query_one(&sql, &[]).await.unwrap().get(0) })
    }

    fn on(&self, url: &str, sql: &str) {
        self.runtime.block_on(async { connect(url).await.batch_execute(sql).await.unwrap() });
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        self.runtime.block_on(async {
            // what is left over is in a test server that goes too
            let _ = connect(&self.server).await.batch_execute(&drop).await;
        });
    }
}

/// A room whose content is in a place of its own on an S3 server; `None`, said aloud, where none is named.
pub(crate) fn on_s3(room: Room) -> Option<Room> {
    let variable = |name: &str| std::env::var(format!("STRONGROOM_TEST_S3_{name}")).ok();
    let Some(endpoint) = variable("ENDPOINT") else {
        println!("skipped: STRONGROOM_TEST_S3_ENDPOINT is not set");
        return None;
    };
    let bucket = variable("BUCKET").unwrap_or_else(|| "strongroom-test".to_owned());
    let place = room.data().parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
    let room = room
        .with("STRONGROOM_CONTENT__URL", format!("s3://{bucket}/e2e/{}", place.trim_start_matches('.')))
        .with("AWS_ENDPOINT_URL", endpoint)
        .with("AWS_ACCESS_KEY_ID", variable("ACCESS_KEY")?)
        .with("AWS_SECRET_ACCESS_KEY", variable("SECRET_KEY")?)
        .with("AWS_REGION", variable("REGION").unwrap_or_else(|| "us-east-1".to_owned()));
    Some(room)
}
