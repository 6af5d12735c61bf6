//! A kernel on SQLite, packs and a folder, or on PostgreSQL and a folder, that can be closed and opened again.

use std::{path::Path, sync::Arc, time::Duration};

use strongroom_content::{Disk, DiskTiles, FilePacks, ObjectPacks, PackSettings, Reserve};
use strongroom_database::{Sqlite, SqliteOptions};
use strongroom_kernel::{
    Kernel, PackingPart, Parts, Schema, SinkPart,
    ports::{ContentStore, Database, Packs, PortError, Sealer, StoredRecord, TileStore},
    record::{OpenedRecord, open},
    verify::{Report, Scope, Silent, Verification},
};
use strongroom_ledger::Signer;
use strongroom_model::{Error, Timestamp};

use crate::{FakeSink, FixedClock, SeededRng, home::Home};

/// `2025-03-04T10:20:30Z` in microseconds.
const START: i64 = 1_741_083_630_000_000;

/// Wraps a port before the kernel gets it.
type Wrap<T> = Box<dyn Fn(Arc<T>) -> Arc<T> + Send + Sync>;

/// What a room is made of.
pub struct RoomOptions {
    /// Tables of the services; the kernel's own come along.
    pub schemas: Vec<Schema>,
    /// The topic whose events the sink keeps.
    pub topic: &'static str,
    /// How long an answer waits for the sink.
    pub before_answer: Option<Duration>,
    /// Reads of one object by one caller within this time are one leaf.
    pub coalesce_reads: Duration,
    /// Whether small content goes to packs; to the database otherwise.
    pub packs: bool,
    /// Bytes of small content that make an object, where small content is in a database on a server.
    pub pack_bytes: u64,
    /// How long such content waits at most, as the kernel's clock has it.
    pub pack_after: Duration,
    /// Seals what is kept in the database.
    pub sealer: Option<Arc<dyn Sealer>>,
    /// Put around the database.
    pub wrap_database: Wrap<dyn Database>,
    /// Put around the store.
    pub wrap_store: Wrap<dyn ContentStore>,
}

impl RoomOptions {
    /// The usual room for these tables and this topic.
    pub fn new(schemas: &[Schema], topic: &'static str) -> Self {
        Self {
            schemas: [&[strongroom_kernel::SCHEMA], schemas].concat(),
            topic,
            before_answer: Some(Duration::from_secs(5)),
            coalesce_reads: Duration::from_mins(1),
            packs: true,
            pack_bytes: 1 << 20,
            pack_after: Duration::from_hours(1),
            sealer: None,
            wrap_database: Box::new(|database| database),
            wrap_store: Box::new(|store| store),
        }
    }
}

/// A running kernel and everything around it.
pub struct Room {
    /// The kernel.
    pub kernel: Kernel,
    /// Its clock.
    pub clock: Arc<FixedClock>,
    /// Its generator.
    pub rng: Arc<SeededRng>,
    /// Its sink.
    pub sink: Arc<FakeSink>,
    options: RoomOptions,
    home: Home,
    folder: tempfile::TempDir,
}

impl Room {
    /// Opens a room in a fresh folder.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn new(options: RoomOptions) -> Self {
        Self::at(Home::Folder, options).await
    }

    /// As [`Room::new`], with rows and small content in PostgreSQL; `None` where no server is named.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn on_server(options: RoomOptions) -> Option<Self> {
        let home = Home::on_server().await?;
        Some(Self::at(home, RoomOptions { packs: false, ..options }).await)
    }

    async fn at(home: Home, options: RoomOptions) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(START).expect("a time of this century")));
        let rng = Arc::new(SeededRng::new(1));
        let sink = Arc::new(FakeSink::new(options.topic));
        let parts = parts(folder.path(), &home, &options, (&clock, &rng, &sink)).await;
        let kernel = Kernel::start(parts.expect("a fresh folder can be opened")).await;
        let kernel = kernel.expect("a fresh kernel starts");
        Self { kernel, clock, rng, sink, options, home, folder }
    }

    /// Stops the kernel and starts another on the same folder.
    ///
    /// # Errors
    /// When the new one does not start.
    pub async fn reopen(self) -> Result<Self, Error> {
        self.reopen_after(|_| {}).await
    }

    /// As [`Room::reopen`], with `meanwhile` done to the folder while nothing runs.
    ///
    /// # Errors
    /// When the new one does not start.
    pub async fn reopen_after(self, meanwhile: impl FnOnce(&Path)) -> Result<Self, Error> {
        let Self { kernel, clock, rng, sink, options, home, folder } = self;
        kernel.stop().await;
        drop(kernel);
        meanwhile(folder.path());
        let parts = parts(folder.path(), &home, &options, (&clock, &rng, &sink)).await;
        let kernel = Kernel::start(parts.map_err(strongroom_kernel::from_port)?).await?;
        Ok(Self { kernel, clock, rng, sink, options, home, folder })
    }

    /// Carries out statements in the database of a room on a server, past the kernel; without one, nothing.
    ///
    /// # Panics
    /// When the server refuses them.
    pub async fn execute(&self, statements: &str) {
        self.home.execute(statements).await;
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Verifies everything, as `strongroom verify` beside this process would.
    ///
    /// # Panics
    /// When the stores cannot be opened for reading.
    pub async fn verify(&self) -> Report {
        self.verify_since(None).await
    }

    /// As [`Room::verify`], against a signed checkpoint kept elsewhere.
    ///
    /// # Panics
    /// As [`Room::verify`].
    pub async fn verify_since(&self, since: Option<Vec<u8>>) -> Report {
        let folder = self.folder.path();
        let store: Arc<dyn ContentStore> = Arc::new(Disk::new(folder, reserve(folder)));
        let verification = Verification {
            database: self.home.read_only(folder, &self.options.schemas).await,
            packs: self.options.packs.then(|| packs(folder)),
            objects: Some(Arc::new(ObjectPacks::new(Arc::clone(&store)))),
            store,
            sealer: self.options.sealer.clone(),
            tiles: Arc::new(DiskTiles::new(&folder.join("ledger"))),
            checkpoint_copy: Some(Arc::new(DiskTiles::new(&folder.join("outside")))),
            since,
            verifier: signer().verifier(),
            schemas: self.options.schemas.clone(),
            anchors: Vec::new(),
            audits: Vec::new(),
            scope: Scope::Everything,
        };
        verification.run(&Silent).await
    }

    /// All records so far, opened.
    ///
    /// # Panics
    /// When one cannot be read or opened.
    pub async fn records(&self) -> Vec<OpenedRecord> {
        let stored = self.stored_records().await;
        let table = |name: &str| {
            let mut tables = self.options.schemas.iter().flat_map(|schema| schema.tables.iter().copied());
            tables.find(|table| table.name == name)
        };
        stored.iter().map(|record| open(record, &table).expect("a stored record opens")).collect()
    }

    /// All records so far, as they are stored.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn stored_records(&self) -> Vec<StoredRecord> {
        all_records(self.kernel.database().as_ref()).await
    }

    /// One line for each record so far: action, caller, refusal.
    ///
    /// # Panics
    /// As [`Room::records`].
    pub async fn leaves(&self) -> Vec<String> {
        let line = |record: &OpenedRecord| {
            let caller = record.plain["caller"]["name"].as_str().unwrap_or_default();
            let refused = record.plain["refused"].as_str().map(|label| format!(" refused: {label}"));
            format!("{} {caller}{}", record.action, refused.unwrap_or_default())
        };
        self.records().await.iter().map(line).collect()
    }

    /// Waits until the published checkpoint covers `size` leaves.
    ///
    /// # Panics
    /// When it does not within a minute.
    pub async fn published(&self, size: u64) -> Arc<strongroom_kernel::Published> {
        let mut watch = self.kernel.ledger().watch();
        let covered = watch.wait_for(|published| published.size >= size);
        let covered = tokio::time::timeout(Duration::from_mins(1), covered).await;
        Arc::clone(&covered.expect("published in time").expect("the ledger is open"))
    }
}

impl std::fmt::Debug for Room {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Room").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The key that signs the checkpoints of rooms.
fn signer() -> Signer {
    Signer::from_seed("strongroom.test/room".parse().expect("a key name"), &[7; 32])
}

fn reserve(folder: &Path) -> Arc<Reserve> {
    Arc::new(Reserve::new(folder, 0))
}

fn packs(folder: &Path) -> Arc<dyn Packs> {
    Arc::new(FilePacks::new(&folder.join("packs"), PackSettings::default(), reserve(folder)))
}

async fn parts(
    folder: &Path,
    home: &Home,
    options: &RoomOptions,
    (clock, rng, sink): (&Arc<FixedClock>, &Arc<SeededRng>, &Arc<FakeSink>),
) -> Result<Parts, PortError> {
    let database: Arc<dyn Database> = match home {
        Home::Folder => {
            let path = folder.join("strongroom.db");
            Arc::new(Sqlite::open(&path, &options.schemas, &SqliteOptions::default())?)
        }
        Home::Server(_) => home.open(folder, &options.schemas).await,
    };
    let store: Arc<dyn ContentStore> = Arc::new(Disk::new(folder, reserve(folder)));
    let store = (options.wrap_store)(store);
    let packing = matches!(home, Home::Server(_)).then(|| PackingPart {
        objects: Arc::new(ObjectPacks::new(Arc::clone(&store))),
        bytes: options.pack_bytes,
        after: options.pack_after,
    });
    let tiles: Arc<dyn TileStore> = Arc::new(DiskTiles::new(&folder.join("ledger")));
    Ok(Parts {
        database: (options.wrap_database)(database),
        packs: options.packs.then(|| packs(folder)),
        store,
        packing,
        sealer: options.sealer.clone(),
        tiles,
        checkpoint_copy: Some(Arc::new(DiskTiles::new(&folder.join("outside")))),
        sinks: vec![SinkPart { sink: Arc::clone(sink) as _, before_answer: options.before_answer }],
        clock: Arc::clone(clock) as _,
        rng: Arc::clone(rng) as _,
        signer: signer(),
        anchors: Vec::new(),
        schemas: options.schemas.clone(),
        coalesce_reads: options.coalesce_reads,
    })
}

/// Every record, page by page.
pub(crate) async fn all_records(database: &dyn Database) -> Vec<StoredRecord> {
    let mut records = Vec::new();
    loop {
        let from = records.len() as u64;
        let page = database.records(from, 100_000).await.expect("records can be read");
        if page.is_empty() {
            return records;
        }
        records.extend(page);
    }
}
