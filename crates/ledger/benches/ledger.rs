//! Benchmarks of the ledger's hot operations: append, root, proof, signature.
//!
//! In memory and on one thread; what durability costs is measured by the load tool.

use std::collections::HashMap;
use std::convert::Infallible;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use strongroom_ledger::{
    Checkpoint, Frontier, Hash, Leaf, Signer, Tile, TileHashReader, TileReader, TileState, commitment,
    inclusion_proof, verify_inclusion,
};

const BATCH: u64 = 4096;

fn leaf(n: u64) -> Leaf {
    Leaf {
        time_micros: i64::try_from(n).expect("a small number"),
        service: "bytes".parse().expect("a service name"),
        commitment: commitment(&[7; 32], &n.to_be_bytes()),
    }
}

fn hashes(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf(n).hash()).collect()
}

struct Shelf(HashMap<Tile, Vec<u8>>);

impl TileReader for Shelf {
    type Error = Infallible;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, Infallible> {
        Ok(self.0.get(&tile).cloned().unwrap_or_default())
    }
}

fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("append");
    group.throughput(Throughput::Elements(BATCH));
    let leaves: Vec<Leaf> = (0..BATCH).map(leaf).collect();
    let record = [b'r'; 400];
    group.bench_function("commitment", |b| b.iter(|| commitment(black_box(&[7; 32]), black_box(&record))));
    group.bench_function("leaf hash", |b| {
        b.iter(|| leaves.iter().map(Leaf::hash).fold(0, |sum, hash| sum ^ hash.as_bytes()[0]));
    });
    let hashes = hashes(BATCH);
    group.bench_function("frontier", |b| b.iter(|| hashes.iter().copied().collect::<Frontier>().root()));
    let state = TileState::from_leaf_hashes(hashes.iter().copied().take(200));
    group.bench_function("tiles", |b| {
        b.iter_batched_ref(
            || state.clone(),
            |state| state.extend(hashes.iter().copied()).len(),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn prove(c: &mut Criterion) {
    let leaves = hashes(1_000_000);
    let size = leaves.len() as u64;
    let mut state = TileState::new();
    let full = state.extend(leaves.iter().copied());
    let tiles = full.into_iter().chain(state.partial_tiles());
    let shelf = Shelf(tiles.map(|tile| (tile.tile, tile.bytes)).collect());
    let reader = TileHashReader::new(&shelf, size);
    let (root, index) = (state.root(), 654_321);
    let proof = inclusion_proof(&reader, index, size).expect("all tiles are there");
    let leaf = leaves[654_321];
    c.bench_function("root of 1,000,000", |b| b.iter(|| black_box(&state).root()));
    c.bench_function("inclusion proof from tiles", |b| b.iter(|| inclusion_proof(&reader, index, size)));
    c.bench_function("verify inclusion proof", |b| {
        b.iter(|| verify_inclusion(leaf, index, size, root, black_box(&proof)));
    });
    let signer = Signer::from_seed("log.example/1".parse().expect("a key name"), &[1; 32]);
    let checkpoint = Checkpoint::new("log.example/1", size, root).expect("a checkpoint");
    c.bench_function("sign checkpoint", |b| b.iter(|| checkpoint.sign(&signer)));
    let note = checkpoint.sign(&signer).to_string();
    let known = [signer.verifier()];
    c.bench_function("open checkpoint", |b| {
        b.iter(|| Checkpoint::open(black_box(note.as_bytes()), "log.example/1", &known));
    });
}

criterion_group!(benches, append, prove);
criterion_main!(benches);
