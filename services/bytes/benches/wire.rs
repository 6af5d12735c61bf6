//! Measures the wire readers of `bytes`: the streaming upload parser and its parts, metadata, tokens and accounts.

use std::hint::black_box;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use strongroom_bytes::wire::{
    account::Account,
    base64::Decoder,
    hash::{Algorithm, SecureHasher},
    models::BoefjeMeta,
    scalar,
    token::TokenKey,
    upload::{Limits, Sink, Upload},
};

/// What hyper hands on at once, about.
const CHUNK: usize = 64 << 10;

const META: &str = r#"{"id":"6d1f0f6e-4d0b-4a53-9a57-1c9e0c6d7a10","started_at":"2025-03-04T10:20:30Z",
    "ended_at":"2025-03-04T10:20:41.500000Z","boefje":{"id":"ssl-version","version":"0.4"},
    "input_ooi":"Hostname|internet|shop.example","arguments":{"input":{"object_type":"Hostname","scan_profile":
    {"scan_profile_type":"declared","reference":"Hostname|internet|shop.example","level":2},"name":"shop.example",
    "network":{"name":"internet"},"primary_key":"Hostname|internet|shop.example"}},"organization":"acme",
    "runnable_hash":null,"environment":{"TOP_PORTS":"250"},"oci_image":null}"#;

/// Counts what it is given, so that nothing is optimised away.
#[derive(Default)]
struct Count {
    bytes: usize,
    files: usize,
}

impl Sink for Count {
    fn file_started(&mut self) {}
    fn content(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
    }
    fn content_restarted(&mut self) {}
    fn file_finished(&mut self, _: String, _: Vec<String>) {
        self.files += 1;
    }
    fn files_restarted(&mut self) {}
}

fn upload_body(content: usize, line: Option<usize>) -> String {
    let bytes: Vec<u8> = (0..251_u8).cycle().take(content).collect();
    let mut text = STANDARD.encode(bytes);
    if let Some(line) = line {
        let lines: Vec<&str> =
            text.as_bytes().chunks(line).map(|line| str::from_utf8(line).expect("ASCII")).collect();
        text = lines.join("\\n");
    }
    format!(
        r#"{{"status":"COMPLETED","files":[{{"name":"0","content":"{text}","tags":["boefje/x","text/xml"]}}]}}"#
    )
}

fn read(body: &str) -> Count {
    let mut count = Count::default();
    let mut upload = Upload::new(None, Limits::default());
    for chunk in body.as_bytes().chunks(CHUNK) {
        upload.push(chunk, &mut count).expect("a sound body");
    }
    upload.finish(&mut count).expect("a sound body");
    count
}

fn uploads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("upload");
    let bodies = [
        ("10 KiB", upload_body(10 << 10, None)),
        ("64 MiB", upload_body(64 << 20, None)),
        ("16 MiB in lines of 76", upload_body(16 << 20, Some(76))),
    ];
    for (name, body) in &bodies {
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.sample_size(if body.len() > 1 << 20 { 10 } else { 100 });
        group.bench_function(*name, |bencher| bencher.iter(|| black_box(read(body)).bytes));
    }
    group.finish();
}

fn parts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parts");
    let text = STANDARD.encode(vec![0x5A; 48 << 10]);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("base64 of 48 KiB", |bencher| {
        let mut out = Vec::new();
        bencher.iter(|| {
            out.clear();
            Decoder::new().push(black_box(text.as_bytes()), &mut out);
            out.len()
        });
    });
    let content = vec![0x5A; 10 << 10];
    let ended_at = scalar::parse_instant("2025-03-04T10:20:41.5Z").expect("an instant");
    group.throughput(Throughput::Bytes(content.len() as u64));
    group.bench_function("secure hash of 10 KiB", |bencher| {
        bencher.iter_batched(
            || SecureHasher::new(Algorithm::Sha512),
            |mut hasher| {
                hasher.update(black_box(&content));
                hasher.finish(ended_at)
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn requests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("request");
    group.bench_function("read boefje meta", |bencher| {
        bencher.iter(|| BoefjeMeta::from_body(None, black_box(META.as_bytes())).expect("sound metadata"));
    });
    let meta = BoefjeMeta::from_body(None, META.as_bytes()).expect("sound metadata");
    group.bench_function("write boefje meta", |bencher| {
        bencher.iter(|| {
            let mut out = String::new();
            black_box(&meta).push_json(&mut out);
            out
        });
    });
    let now = scalar::parse_instant("2025-03-04T10:20:41Z").expect("an instant");
    let key = TokenKey::new("0123456789abcdef0123456789abcdef");
    let token = key.issue("bytes", scalar::parse_instant("2025-03-04T10:40:41Z").expect("an instant"));
    group.bench_function("issue token", |bencher| bencher.iter(|| key.issue(black_box("bytes"), now)));
    group.bench_function("verify token", |bencher| {
        bencher.iter(|| key.verify(black_box(&token), now).expect("a sound token"));
    });
    let account = Account::new("bytes", "a password of usual length");
    group.bench_function("match account", |bencher| {
        bencher.iter(|| account.matches(black_box("bytes"), black_box("a password of usual length")));
    });
    group.finish();
}

criterion_group!(benches, uploads, parts, requests);
criterion_main!(benches);
