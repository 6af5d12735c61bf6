//! How many prebuilt units per second become durable, on SQLite and, when `STRONGROOM_TEST_POSTGRES_URL`
//! names a server, on PostgreSQL. Prints figures; judges nothing.
//!
//! `cargo bench -p strongroom-database --bench commit [-- <batches> <units of a batch> <checkpoint from, in MiB>]`.
//! The folder is made in the working directory, so that the disk measured is that of the checkout.

#![expect(clippy::print_stdout, reason = "figures are the purpose")]

use std::{fs::File, io::Write as _, os::unix::fs::FileExt as _, sync::Arc, time::Instant};

use async_trait::async_trait;
use strongroom_contract::database::{
    MemoryPacks, Place, Subject,
    tables::{Book, Page, Sample, domain},
    unit,
};
use strongroom_database::{Postgres, PostgresOptions, Sqlite, SqliteOptions};
use strongroom_kernel::{
    Schema, State, Unit, Uuid, Value,
    ports::{Batch, Database, Packs, PortError},
};
use strongroom_model::Digest;

#[derive(Debug)]
struct Folder(tempfile::TempDir, SqliteOptions);

#[async_trait]
impl Place for Folder {
    async fn open(&self, schemas: &[Schema]) -> Result<Arc<dyn Database>, PortError> {
        let path = self.0.path().join("strongroom.db");
        Ok(Arc::new(Sqlite::open(&path, schemas, &self.1)?))
    }
}

#[derive(Debug)]
struct Server(String);

#[async_trait]
impl Place for Server {
    async fn open(&self, schemas: &[Schema]) -> Result<Arc<dyn Database>, PortError> {
        Ok(Arc::new(Postgres::connect(&self.0, schemas, &PostgresOptions::default()).await?))
    }
}

/// A UUID of version 4 that follows from `number`.
fn id(number: u64) -> Uuid {
    let digest = Digest::of(&number.to_be_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    Uuid::from_bytes(bytes)
}

type Make = fn(u64) -> Unit;

const KINDS: [(&str, Make); 6] = [
    ("record alone", |_| unit(|_| ())),
    ("record and event of 1.5 KB", |_| unit(|unit| unit.emit("suite_a", "key", vec![b'e'; 1_500]))),
    ("one row of ten columns", |number| {
        let sample = Sample::full(id(number), i64::try_from(number).unwrap_or(0));
        unit(|unit| unit.put(&sample, State::Absent))
    }),
    ("two rows, three unique constraints", |number| {
        let book = Book::new(i64::try_from(number).unwrap_or(0));
        let sample = Sample::empty(id(number + (1 << 40)));
        unit(|unit| {
            unit.put(&book, State::Absent);
            unit.put(&sample, State::Absent);
        })
    }),
    ("like an upload: condition, row, counter, content, event", |number| {
        let mut content = vec![b'c'; 100];
        content[..8].copy_from_slice(&(number + (1 << 40)).to_be_bytes());
        unit(|unit| {
            let picture = unit.blob(&domain("a"), content.into());
            unit.require::<Book>(vec![Value::Int(0)], State::Present);
            unit.put(
                &Page { book: 2, ..Page::new(i64::try_from(number).unwrap_or(0), Some(picture)) },
                State::Absent,
            );
            unit.put(&Sample::empty(id(number + (2 << 40))), State::Absent);
            unit.bump::<Book>(vec![Value::Int(0)], "copies", 1, (0, i64::MAX));
            unit.emit("suite_b", "key", vec![b'e'; 600]);
        })
    }),
    ("one row with content of 10 KiB in packs", |number| {
        let mut content = vec![b'c'; 10 << 10];
        content[..8].copy_from_slice(&number.to_be_bytes());
        unit(|unit| {
            let picture = unit.blob(&domain("a"), content.into());
            let page = Page::new(i64::try_from(number).unwrap_or(0), Some(picture));
            unit.put(&page, State::Absent);
        })
    }),
];

async fn measure(name: &str, subject: &Subject, batches: u64, length: u64) {
    println!("{}: batches of {length} units", subject.database.describe());
    let packs: Arc<dyn Packs> = Arc::<MemoryPacks>::default();
    for (kind, make) in KINDS {
        let mut elapsed = 0.0;
        let mut longest = 0.0_f64;
        let written = written();
        for batch in 0..batches {
            let units: Vec<Unit> = (batch * length..(batch + 1) * length).map(make).collect();
            let batch = Batch { packs: Some(Arc::clone(&packs)), ..subject.batch(&units) };
            let start = Instant::now();
            let outcomes = subject.database.commit(batch).await.expect("the batch is committed");
            let took = start.elapsed().as_secs_f64();
            assert!(
                outcomes
                    .iter()
                    .all(|outcome| matches!(outcome, strongroom_kernel::ports::UnitOutcome::Committed(_)))
            );
            elapsed += took;
            longest = longest.max(took);
        }
        let units = f64::from(u32::try_from(batches * length).unwrap_or(u32::MAX));
        let written = (self::written() - written) / units;
        println!("  {name} {kind}:");
        println!(
            "    {:.0} units/s, longest batch {:.1} ms, {written:.0} bytes written per unit",
            units / elapsed,
            longest * 1e3
        );
    }
    let start = Instant::now();
    let mut given = 0_u32;
    loop {
        let more = subject.database.sequence(10_000).await.expect("records are sequenced");
        if more == 0 {
            break;
        }
        given += u32::try_from(more).unwrap_or(0);
    }
    if given > 0 {
        println!(
            "  {name} indexes given: {:.0} per second",
            f64::from(given) / start.elapsed().as_secs_f64()
        );
    }
}

/// Bytes this process has had written to disks so far; 0 where the system does not count them.
fn written() -> f64 {
    let counted = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    counted.lines().find_map(|line| line.strip_prefix("write_bytes: ")?.parse().ok()).unwrap_or(0.0)
}

/// Appends of 4 KiB with a data sync per second.
#[expect(clippy::disallowed_methods, reason = "measures the disk, keeps nothing")]
fn probe(folder: &std::path::Path) -> std::io::Result<f64> {
    let mut file = File::create(folder.join("probe"))?;
    file.write_all(&[0; 4096])?;
    let start = Instant::now();
    for number in 0..200_u32 {
        file.write_all_at(&[7; 4096], u64::from(number) * 4096)?;
        file.sync_data()?;
    }
    Ok(200.0 / start.elapsed().as_secs_f64())
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|arg| arg.parse().ok());
    let (batches, length) = (numbers.next().unwrap_or(50), numbers.next().unwrap_or(1_000));
    let checkpoint = numbers.next().unwrap_or(SqliteOptions::default().checkpoint_from >> 20);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let options = SqliteOptions { checkpoint_from: checkpoint << 20, ..SqliteOptions::default() };
        let folder = Folder(tempfile::tempdir_in(".").expect("a folder"), options);
        println!(
            "disk: {:.0} synced appends of 4 KiB per second",
            probe(folder.0.path()).expect("the disk is probed")
        );
        measure("sqlite", &Subject::open(&folder).await, batches, length).await;
        if let Ok(url) = std::env::var("STRONGROOM_TEST_POSTGRES_URL") {
            // the tables are left behind: give it a database of its own
            measure("postgres", &Subject::open(&Server(url)).await, batches, length).await;
        }
    });
}
