//! A kernel on SQLite, packs and a folder, that can be closed and opened again.

use std::{path::Path, sync::Arc, time::Duration};

use strongroom_content::{Disk, DiskTiles, FilePacks, PackSettings, Reserve};
use strongroom_database::{Sqlite, SqliteOptions};
use strongroom_kernel::{
    Kernel, Parts, Schema, SinkPart, SmallUploads,
    ports::{ContentStore, Database, Packs, PortError, StoredRecord, TileStore},
    record::{OpenedRecord, open},
    verify::{Report, Scope, Silent, Verification},
};
use strongroom_ledger::Signer;
use strongroom_model::{Error, Timestamp};

use crate::{FakeSink, FixedClock, SeededRng};

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
    /// Where small uploads go.
    pub small_content: SmallUploads,
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
            small_content: SmallUploads::default(),
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
    folder: tempfile::TempDir,
}

impl Room {
    /// Opens a room in a fresh folder.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn new(options: RoomOptions) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(START).expect("a time of this century")));
        let rng = Arc::new(SeededRng::new(1));
        let sink = Arc::new(FakeSink::new(options.topic));
        let parts =
            parts(folder.path(), &options, &clock, &rng, &sink).expect("a fresh folder can be opened");
        let kernel = Kernel::start(parts).await.expect("a fresh kernel starts");
        Self { kernel, clock, rng, sink, options, folder }
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
        let Self { kernel, clock, rng, sink, options, folder } = self;
        kernel.stop().await;
        drop(kernel);
        meanwhile(folder.path());
        let parts =
            parts(folder.path(), &options, &clock, &rng, &sink).map_err(strongroom_kernel::from_port)?;
        let kernel = Kernel::start(parts).await?;
        Ok(Self { kernel, clock, rng, sink, options, folder })
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
        let path = folder.join("strongroom.db");
        let database = Sqlite::open_read_only(&path, &self.options.schemas, &SqliteOptions::default());
        let verification = Verification {
            database: Arc::new(database.expect("the database can be read")),
            packs: self.options.packs.then(|| packs(folder)),
            store: Arc::new(Disk::new(folder, reserve(folder))),
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
        self.kernel.database().records(0, 1_000_000).await.expect("records can be read")
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

fn parts(
    folder: &Path,
    options: &RoomOptions,
    clock: &Arc<FixedClock>,
    rng: &Arc<SeededRng>,
    sink: &Arc<FakeSink>,
) -> Result<Parts, PortError> {
    let database = Sqlite::open(&folder.join("strongroom.db"), &options.schemas, &SqliteOptions::default())?;
    let store: Arc<dyn ContentStore> = Arc::new(Disk::new(folder, reserve(folder)));
    let tiles: Arc<dyn TileStore> = Arc::new(DiskTiles::new(&folder.join("ledger")));
    Ok(Parts {
        database: (options.wrap_database)(Arc::new(database)),
        packs: options.packs.then(|| packs(folder)),
        store: (options.wrap_store)(store),
        small_content: options.small_content,
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
