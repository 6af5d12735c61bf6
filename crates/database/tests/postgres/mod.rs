//! PostgreSQL against the suite of the port, when `STRONGROOM_TEST_POSTGRES_URL` names a server.

mod erasure;
mod particular;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use strongroom_contract::database::Place;
use strongroom_database::{Postgres, PostgresOptions};
use strongroom_kernel::{
    Schema,
    ports::{Database, PortError},
};
use tokio_postgres::{Client, NoTls};

/// A database of its own on the server under test.
#[derive(Debug)]
struct OnServer {
    url: String,
    name: String,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A connection to the server for what tests do to it themselves.
async fn administer(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    client
}

/// A new database, if there is a server; its name tells nothing, but differs from all others.
async fn on_server() -> Option<OnServer> {
    let url = std::env::var("STRONGROOM_TEST_POSTGRES_URL").ok()?;
    #[expect(clippy::disallowed_methods, reason = "databases of earlier runs may still be there")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_nanos();
    let name = format!("suite_{now}_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let client = administer(&url).await;
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("the server makes a database");
    let (base, parameters) = url.split_once('?').unwrap_or((&url, ""));
    let (server, _) = base.rsplit_once('/').expect("the URL names a database");
    Some(OnServer { url: format!("{server}/{name}?{parameters}"), name })
}

impl Drop for OnServer {
    fn drop(&mut self) {
        let Ok(url) = std::env::var("STRONGROOM_TEST_POSTGRES_URL") else { return };
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // the test's own runtime is ending
        let dropped = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async { administer(&url).await.batch_execute(&drop).await })
        });
        let _ = dropped.join();
    }
}

#[async_trait]
impl Place for OnServer {
    async fn open(&self, schemas: &[Schema]) -> Result<Arc<dyn Database>, PortError> {
        Ok(Arc::new(Postgres::connect(&self.url, schemas, &PostgresOptions::default()).await?))
    }
}

strongroom_contract::database_tests!(on_server);
