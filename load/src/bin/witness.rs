//! A witness under load: add-checkpoint requests of many logs, each of which goes on as soon as it was cosigned.
//!
//! First `--write FILE` makes the configuration with the logs, then, beside `strongroom witness --config FILE`, the
//! same without it drives:
//!
//! ```sh
//! cargo run --release -p strongroom-load --bin witness -- --logs 64 --write /tmp/witness.toml
//! strongroom witness --data DIR --listen 127.0.0.1:8610 --config /tmp/witness.toml
//! cargo run --release -p strongroom-load --bin witness -- --logs 64 --address 127.0.0.1:8610 --seconds 10
//! ```

// a part of the other program that this one needs too
#[path = "../client.rs"]
#[expect(dead_code, reason = "this program asks less than the other")]
mod client;

use std::{
    collections::HashMap,
    io::{self, Write as _},
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Parser;
use client::Client;
use strongroom_ledger::{
    AddCheckpoint, Checkpoint, Hash, Signer, Tile, TileHashReader, TileReader, TileState, consistency_proof,
    leaf_hash, witness::parse_size,
};

/// Has a witness cosign as fast as it answers, and says how fast that is.
#[derive(Debug, Parser)]
struct Options {
    /// How many logs, each with a connection of its own and one request at a time.
    #[arg(long, default_value_t = 64)]
    logs: u32,
    /// Writes the configuration of a witness that knows these logs, and ends.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Address of the witness.
    #[arg(long, default_value = "127.0.0.1:8610")]
    address: String,
    /// Seconds to measure.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Leaves between two checkpoints.
    #[arg(long, default_value_t = 100)]
    leaves: u64,
}

/// A log that grows in memory.
struct Log {
    signer: Signer,
    state: TileState,
    full: HashMap<Tile, Vec<u8>>,
}

struct Tiles<'a>(&'a Log);

impl TileReader for Tiles<'_> {
    type Error = io::Error;

    fn tile(&self, tile: Tile) -> io::Result<Vec<u8>> {
        let full = || {
            let bytes = self.0.full.get(&tile.filled())?;
            bytes.get(..usize::from(tile.width()) * 32).map(<[u8]>::to_vec)
        };
        full().or_else(|| self.0.state.partial(tile)).ok_or_else(|| io::Error::other("no such tile"))
    }
}

impl Log {
    fn new(number: u32) -> Self {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        let name = format!("load.example/{number}").parse().expect("is a key name");
        Self { signer: Signer::from_seed(name, &seed), state: TileState::new(), full: HashMap::new() }
    }

    /// The same leaves whenever it is made, so that a second run goes on where the first ended.
    fn grow(&mut self, size: u64) {
        let leaves = (self.state.size()..size).map(|leaf| leaf_hash(&leaf.to_be_bytes()));
        for tile in self.state.extend(leaves.collect::<Vec<Hash>>()) {
            self.full.insert(tile.tile, tile.bytes);
        }
    }

    fn request(&self, old: u64) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        let size = self.state.size();
        let checkpoint = Checkpoint::new(self.signer.verifier().name().to_string(), size, self.state.root())?;
        let proof = if old == 0 {
            Vec::new()
        } else {
            consistency_proof(&TileHashReader::new(Tiles(self), size), old, size)?
        };
        Ok(AddCheckpoint::new(old, proof, checkpoint.sign(&self.signer))?.to_string())
    }
}

/// Drives one log until `end`; the time each cosignature took.
async fn drive(
    mut log: Log,
    address: String,
    step: u64,
    end: Instant,
) -> Result<Vec<Duration>, Box<dyn std::error::Error + Send + Sync>> {
    let mut client = Client::connect(&address).await?;
    let (mut old, mut taken) = (0, Vec::new());
    while Instant::now() < end {
        log.grow(old + step);
        let body = log.request(old)?;
        let head = format!(
            "POST /add-checkpoint HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let begin = Instant::now();
        let answer = client.send(format!("{head}{body}").as_bytes()).await?;
        match answer.status {
            200 => {
                taken.push(begin.elapsed());
                old = log.state.size();
            }
            // an earlier run has brought it further
            409 if old == 0 => old = parse_size(&answer.body).ok_or("the witness tells no size")?,
            status => {
                return Err(format!("status {status}: {}", String::from_utf8_lossy(&answer.body)).into());
            }
        }
        if log.state.size() < old {
            log.grow(old);
        }
    }
    Ok(taken)
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the figure is this program's output")]
#[expect(clippy::cast_precision_loss, reason = "counts of a short run are exact in a double")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let options = Options::parse();
    if let Some(file) = options.write {
        let logs = (0..options.logs).map(|number| {
            let verifier = Log::new(number).signer.verifier();
            format!("[[witness.log]]\norigin = \"{}\"\nkey = \"{verifier}\"\n", verifier.name())
        });
        let text: String = logs.collect();
        return Ok(std::fs::File::create(file)?.write_all(text.as_bytes())?);
    }
    let begin = Instant::now();
    let end = begin + Duration::from_secs(options.seconds);
    let driven = (0..options.logs).map(|number| {
        tokio::spawn(drive(Log::new(number), options.address.clone(), options.leaves.max(1), end))
    });
    let mut times = Vec::new();
    for log in driven.collect::<Vec<_>>() {
        times.extend(log.await??);
    }
    let seconds = begin.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!("logs {}", options.logs);
    println!("cosigned {} in {seconds:.1} s: {:.0}/s", times.len(), times.len() as f64 / seconds);
    println!("p50 {:?} p99 {:?} longest {:?}", at(50), at(99), times.last().copied().unwrap_or_default());
    Ok(())
}
