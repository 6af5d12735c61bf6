//! The kernel on real adapters in a temporary folder.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use strongroom_content::{Disk, DiskTiles, FilePacks, ObjectPacks, PackSettings, Reserve};
use strongroom_kernel::{
    Kernel, PackingPart, Parts, Schema, SinkPart,
    ports::{ContentStore, Database, StoredRecord},
    record,
    verify::{Audit, Report, Scope, Silent, Verification},
};
use strongroom_ledger::Signer;
use strongroom_model::Timestamp;
use tempfile::TempDir;

use crate::{clock::FixedClock, home::Home, rng::SeededRng, room::all_records, sink::FakeSink};

/// When tests happen: `2025-03-04T10:20:42.017305Z`.
const NOW: i64 = 1_741_083_642_017_305;
/// How long an answer waits for the sink; a fake one is there at once or not at all.
const BEFORE_ANSWER: Duration = Duration::from_millis(250);

/// A whole Strongroom without services: they are put on [`TestPlatform::kernel`].
#[derive(Debug)]
pub struct TestPlatform {
    /// The kernel.
    pub kernel: Kernel,
    /// Its clock.
    pub clock: Arc<FixedClock>,
    /// Its one sink.
    pub sink: Arc<FakeSink>,
    rng: Arc<SeededRng>,
    database: Arc<dyn Database>,
    home: Home,
    schemas: Vec<Schema>,
    folder: TempDir,
}

impl TestPlatform {
    /// Starts on an empty folder, with the tables of `schema` and a sink of `topic`.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start(schema: Schema, topic: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self::open(folder, Home::new().await, schema, topic, Self::given(), 0).await
    }

    /// As [`TestPlatform::start`], always on SQLite: for tests that pause time, which passes by itself while a server
    /// is waited for.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start_embedded(schema: Schema, topic: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self::open(folder, Home::Folder, schema, topic, Self::given(), 0).await
    }

    /// As [`TestPlatform::start`], on a disk that has no space left for content.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start_on_full_disk(schema: Schema, topic: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self::open(folder, Home::new().await, schema, topic, Self::given(), u64::MAX).await
    }

    /// As [`TestPlatform::start`], on PostgreSQL; `None` where no server is named.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start_on_server(schema: Schema, topic: &'static str) -> Option<Self> {
        let home = Home::on_server().await?;
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Some(Self::open(folder, home, schema, topic, Self::given(), 0).await)
    }

    /// Time and randomness of every test.
    fn given() -> (Arc<FixedClock>, Arc<SeededRng>) {
        let now = Timestamp::from_micros(NOW).expect("a time of this century");
        (Arc::new(FixedClock::at(now)), Arc::new(SeededRng::new(1)))
    }

    /// Stops, and starts again on the same folder, as after a restart of the process.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn restart(self) -> Self {
        self.kernel.stop().await;
        let Self { kernel, clock, sink, rng, database, home, schemas, folder } = self;
        drop((kernel, database));
        let topic = strongroom_kernel::ports::Sink::topic(sink.as_ref());
        let schema = *schemas.last().expect("the service's tables come last");
        Self::open(folder, home, schema, topic, (clock, rng), 0).await
    }

    async fn open(
        folder: TempDir,
        home: Home,
        schema: Schema,
        topic: &'static str,
        (clock, rng): (Arc<FixedClock>, Arc<SeededRng>),
        reserve: u64,
    ) -> Self {
        let schemas = vec![strongroom_kernel::SCHEMA, schema];
        let path = folder.path();
        let database = home.open(path, &schemas).await;
        let sink = Arc::new(FakeSink::new(topic));
        let reserve = Arc::new(Reserve::new(path, reserve));
        let packs = PackSettings { allocation: 0, ..PackSettings::default() };
        let packs = FilePacks::new(&path.join("packs"), packs, Arc::clone(&reserve));
        let packs = matches!(home, Home::Folder).then(|| Arc::new(packs) as _);
        let store: Arc<dyn ContentStore> = Arc::new(Disk::new(&path.join("objects"), reserve));
        let packing = matches!(home, Home::Server(_)).then(|| PackingPart {
            objects: Arc::new(ObjectPacks::new(Arc::clone(&store))),
            bytes: 1 << 20,
            after: Duration::ZERO,
        });
        let name = "test.example/strongroom".parse().expect("a valid key name");
        let parts = Parts {
            database: Arc::clone(&database),
            packs,
            packing,
            sealer: None,
            store,
            tiles: Arc::new(DiskTiles::new(&path.join("ledger"))),
            checkpoint_copy: None,
            sinks: vec![SinkPart { sink: Arc::clone(&sink) as _, before_answer: Some(BEFORE_ANSWER) }],
            clock: Arc::clone(&clock) as _,
            rng: Arc::clone(&rng) as _,
            signer: Signer::from_seed(name, &[1; 32]),
            anchors: Vec::new(),
            schemas: schemas.clone(),
            coalesce_reads: Duration::from_mins(1),
        };
        let kernel = Kernel::start(parts).await.expect("an empty folder can be served");
        Self { kernel, clock, sink, rng, database, home, schemas, folder }
    }

    /// Whether everything is in the data folder: SQLite, packs, files.
    pub fn is_embedded(&self) -> bool {
        matches!(self.home, Home::Folder)
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops the kernel, which records what is still counted, and says what is in the ledger.
    ///
    /// # Panics
    /// When a record does not open.
    pub async fn stop_and_read_leaves(&self) -> Vec<LeafText> {
        self.kernel.stop().await;
        self.leaves().await
    }

    /// What is in the ledger now; reads of content and denials come there within 50 ms.
    ///
    /// # Panics
    /// When a record does not open.
    pub async fn leaves(&self) -> Vec<LeafText> {
        let records = all_records(self.database.as_ref()).await;
        records.iter().map(|record| self.leaf(record)).collect()
    }

    /// Verifies everything, with the checks of the service.
    pub async fn verify(&self, audits: Vec<Arc<dyn Audit>>) -> Report {
        let folder = self.folder.path();
        let reserve = Arc::new(Reserve::new(folder, 0));
        let packs = FilePacks::new(&folder.join("packs"), PackSettings::default(), Arc::clone(&reserve));
        let store: Arc<dyn ContentStore> = Arc::new(Disk::new(&folder.join("objects"), reserve));
        let verification = Verification {
            database: Arc::clone(&self.database),
            packs: Some(Arc::new(packs)),
            objects: Some(Arc::new(ObjectPacks::new(Arc::clone(&store)))),
            store,
            sealer: None,
            tiles: Arc::new(DiskTiles::new(&folder.join("ledger"))),
            checkpoint_copy: None,
            since: None,
            verifier: self.kernel.ledger().verifier(),
            schemas: self.schemas.clone(),
            anchors: Vec::new(),
            audits,
            scope: Scope::Everything,
        };
        verification.run(&Silent).await
    }

    fn leaf(&self, record: &StoredRecord) -> LeafText {
        let tables = |name: &str| {
            self.schemas.iter().flat_map(|schema| schema.tables).copied().find(|table| table.name == name)
        };
        let opened = record::open(record, &tables).expect("every record opens");
        LeafText { plain: opened.plain, canonical: String::from_utf8_lossy(&record.canonical).into_owned() }
    }
}

/// A record of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct LeafText {
    /// What it says, commitments opened.
    pub plain: serde_json::Value,
    /// What the leaf commits to: personal values are commitments in it.
    pub canonical: String,
}

/// `save_raw by kat`, `log_in by stranger: denied x3`
impl fmt::Display for LeafText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let caller = &self.plain["caller"];
        let name = match text(&caller["name"]) {
            name if name.is_empty() => text(&caller["kind"]),
            name => name,
        };
        write!(formatter, "{} by {name}", text(&self.plain["action"]))?;
        if let Some(label) = self.plain["refused"].as_str() {
            write!(formatter, ": {label}")?;
        }
        match self.plain["count"].as_u64() {
            Some(count) => write!(formatter, " x{count}"),
            None => Ok(()),
        }
    }
}
