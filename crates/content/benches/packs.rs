//! The hot operations of packs: a batch of 128 contents of 10 KiB appended and synced, one of them read, one sealed.

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use strongroom_content::{BoxKey, FilePacks, PackSettings, Reserve};
use strongroom_contract::content::sample;
use strongroom_kernel::ports::Packs;

const LENGTH: usize = 10 << 10;
const BATCH: usize = 128;

fn packs(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let content = sample(LENGTH, 1);
    let batch = [&content[..]; BATCH];
    let open = |name: &str, allocation| {
        let settings = PackSettings { allocation, ..PackSettings::default() };
        let packs =
            FilePacks::new(&folder.path().join(name), settings, Arc::new(Reserve::new(folder.path(), 0)));
        packs.recover(None).expect("an empty folder");
        packs
    };
    let append = |packs: &FilePacks, contents: &[&[u8]]| {
        let (positions, sync) = packs.append(contents).expect("space");
        sync.wait().expect("a disk that works");
        positions[0]
    };

    let mut group = criterion.benchmark_group("append and sync");
    for (name, allocation) in [("16 MiB allocated ahead", 16 << 20), ("nothing allocated ahead", 0)] {
        let packs = open(name, allocation);
        group.throughput(Throughput::Elements(BATCH as u64));
        group.bench_function(format!("128 of 10 KiB, {name}"), |bencher| {
            bencher.iter(|| append(&packs, black_box(&batch)));
        });
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("one of 10 KiB, {name}"), |bencher| {
            bencher.iter(|| append(&packs, black_box(&batch[..1])));
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("one of 10 KiB");
    group.throughput(Throughput::Bytes(LENGTH as u64));
    let packs = open("read", 0);
    let position = append(&packs, &batch);
    group.bench_function("read and tested", |bencher| {
        bencher.iter(|| packs.read(black_box(position)).expect("it was appended"));
    });
    let key = BoxKey::new(&[1; 32], &[9; 32]);
    group.bench_function("sealed", |bencher| bencher.iter(|| key.seal(&[2; 24], black_box(&content))));
    group.finish();
}

criterion_group!(benches, packs);
criterion_main!(benches);
