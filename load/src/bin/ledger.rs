//! The ledger alone, in process: units without rows, durable, integrated and covered by a signed checkpoint.
//!
//! `cargo run --release -p strongroom-load --bin ledger -- --folder DIR --leaves 1000000`

use std::{path::PathBuf, sync::Arc, time::Instant};

use clap::Parser;
use strongroom_content::{Disk, DiskTiles, FilePacks, PackSettings, Reserve};
use strongroom_database::{Sqlite, SqliteOptions};
use strongroom_kernel::{
    Action, Kernel, Parts, Unit,
    ports::{Packs, SystemClock, SystemRng},
};
use strongroom_ledger::Signer;
use strongroom_model::Caller;

/// Fills a ledger and says how fast.
#[derive(Debug, Parser)]
struct Options {
    /// An empty folder on the disk to be measured.
    #[arg(long)]
    folder: PathBuf,
    /// How many leaves.
    #[arg(long, default_value_t = 1_000_000)]
    leaves: usize,
    /// Requests at the same time, each with several units.
    #[arg(long, default_value_t = 6)]
    requests: usize,
    /// Units of one request.
    #[arg(long, default_value_t = 512)]
    units: usize,
}

const ADD: Action = Action { service: "load", name: "add" };

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the figure is this program's output")]
#[expect(clippy::cast_precision_loss, reason = "counts of a short run are exact in a double")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let kernel = open(&options)?;
    let kernel = Kernel::start(kernel).await?;
    let begin = Instant::now();
    let share = options.leaves / options.requests / options.units;
    let clients = (0..options.requests).map(|client| {
        let (kernel, units) = (kernel.clone(), options.units);
        tokio::spawn(async move {
            let caller = Caller::account(format!("client {client}"));
            for _ in 0..share {
                let records = (0..units).map(|_| kernel.record(Unit::new(&caller, ADD)));
                for recorded in futures::future::join_all(records).await {
                    recorded?;
                }
            }
            Ok::<_, strongroom_model::Error>(())
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await??;
    }
    let durable = begin.elapsed();
    let size = kernel.ledger().size();
    kernel.ledger().watch().wait_for(|published| published.size >= size).await?;
    let published = begin.elapsed();
    println!(
        "{size} leaves, durable after {:.2} s ({:.0}/s), published after {:.2} s ({:.0}/s)",
        durable.as_secs_f64(),
        size as f64 / durable.as_secs_f64(),
        published.as_secs_f64(),
        size as f64 / published.as_secs_f64(),
    );
    kernel.stop().await;
    Ok(())
}

fn open(options: &Options) -> Result<Parts, Box<dyn std::error::Error>> {
    let folder = &options.folder;
    let schemas = vec![strongroom_kernel::SCHEMA];
    let reserve = Arc::new(Reserve::new(folder, 0));
    let packs: Arc<dyn Packs> =
        Arc::new(FilePacks::new(&folder.join("packs"), PackSettings::default(), Arc::clone(&reserve)));
    Ok(Parts {
        database: Arc::new(Sqlite::open(
            &folder.join("strongroom.sqlite"),
            &schemas,
            &SqliteOptions::default(),
        )?),
        packs: Some(packs),
        store: Arc::new(Disk::new(&folder.join("objects"), reserve)),
        packing: None,
        sealer: None,
        tiles: Arc::new(DiskTiles::new(&folder.join("ledger"))),
        checkpoint_copy: None,
        sinks: Vec::new(),
        clock: Arc::new(SystemClock),
        rng: Arc::new(SystemRng),
        signer: Signer::from_seed("strongroom.test/load".parse()?, &[3; 32]),
        anchors: Vec::new(),
        schemas,
        coalesce_reads: std::time::Duration::from_mins(1),
    })
}
