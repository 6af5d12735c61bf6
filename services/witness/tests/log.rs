//! A log in memory, what its owner sends to a mirror, and a mirror to send it to.

use std::{
    collections::HashMap,
    io::Write as _,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{Router, body::Body, extract::Request};
use flate2::{Compression, write::GzEncoder};
use strongroom_kernel::{
    ports::{Clock, PortError, TileStore},
    verify::Silent,
};
use strongroom_ledger::{
    AddCheckpoint, Checkpoint, Cosigner, CurrentTiles, Hash, Signer, Tile, TileHashReader, TileReader,
    TileState, leaf_hash,
    mirror::{EntryPackage, UploadHead},
    proof::subtree_proof,
};
use strongroom_model::Timestamp;
use strongroom_testkit::{Reply, TestPlatform, send};
use strongroom_witness::{Keeper, Logs, Mirror, MirrorParts, mirror_router};

pub(crate) const ORIGIN: &str = "log.example/pushed";

/// All tiles and bundles that were written.
#[derive(Debug, Default, Clone)]
pub(crate) struct Shelf(pub(crate) Arc<Mutex<HashMap<String, Vec<u8>>>>);

#[async_trait]
impl TileStore for Shelf {
    async fn write(&self, path: &str, content: &[u8]) -> Result<(), PortError> {
        self.0.lock().unwrap().insert(path.to_owned(), content.to_vec());
        Ok(())
    }

    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, PortError> {
        Ok(self.0.lock().unwrap().get(path).cloned())
    }
}

impl TileReader for Shelf {
    type Error = std::io::Error;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, Self::Error> {
        let found = self.0.lock().unwrap().get(&tile.to_string()).cloned();
        found.ok_or_else(|| std::io::Error::other("no such tile"))
    }
}

/// A second passes with each look at it, so that no two cosignatures are alike.
#[derive(Debug, Default)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let seconds = 1_795_267_200 + self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_micros(seconds * 1_000_000).unwrap()
    }
}

pub(crate) fn signer() -> Signer {
    Signer::from_seed(ORIGIN.parse().unwrap(), &[3; 32])
}

pub(crate) fn cosigner() -> Cosigner {
    Cosigner::from_seed("mirror.example/m".parse().unwrap(), &[4; 32])
}

/// The entry at `index`; some are empty, some long.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("entry {index} ").into_bytes().repeat(usize::try_from(index % 5).unwrap())
}

/// The log's tree of `size` leaves.
pub(crate) struct Tree {
    full: Shelf,
    pub(crate) state: TileState,
}

impl Tree {
    pub(crate) fn of(size: u64) -> Self {
        let full = Shelf::default();
        let mut state = TileState::new();
        for tile in state.extend((0..size).map(|index| leaf_hash(&entry(index)))) {
            full.0.lock().unwrap().insert(tile.tile.to_string(), tile.bytes);
        }
        Self { full, state }
    }

    fn reader(&self) -> TileHashReader<CurrentTiles<'_, &Shelf>> {
        TileHashReader::new(CurrentTiles::new(&self.state, &self.full), self.state.size())
    }

    /// The request by which a mirror hears of the tree, from that of `old` leaves.
    pub(crate) fn announced(&self, old: u64) -> AddCheckpoint {
        let size = self.state.size();
        let checkpoint = Checkpoint::new(ORIGIN, size, self.state.root()).unwrap().sign(&signer());
        let proof = if old == 0 || old == size {
            Vec::new()
        } else {
            strongroom_ledger::consistency_proof(&self.reader(), old, size).unwrap()
        };
        AddCheckpoint::new(old, proof, checkpoint).unwrap()
    }

    fn proof(&self, leaves: Range<u64>) -> Vec<Hash> {
        subtree_proof(&self.reader(), leaves, self.state.size()).unwrap()
    }

    /// The head of an upload from `start` on, and each of its packages.
    pub(crate) fn upload(&self, start: u64) -> (Vec<u8>, Vec<Vec<u8>>) {
        let head =
            UploadHead { origin: ORIGIN.to_owned(), start, end: self.state.size(), ticket: b"any".to_vec() };
        let packages = head.packages().map(|range| {
            let proof = self.proof(range.start - range.start % 256..range.end);
            EntryPackage { entries: range.map(entry).collect(), proof }.encode().unwrap()
        });
        (head.encode().unwrap(), packages.collect())
    }

    /// An upload of everything from `start` on.
    pub(crate) fn whole(&self, start: u64) -> Vec<u8> {
        let (head, packages) = self.upload(start);
        head.into_iter().chain(packages.concat()).collect()
    }
}

/// A mirror of the log, which is only pushed to it.
pub(crate) async fn mirror(platform: &TestPlatform, shelf: &Shelf) -> Router {
    let mut logs = Logs::default();
    logs.add(ORIGIN, signer().verifier()).unwrap();
    let logs = logs.iter().map(|log| (Arc::clone(log), None, Arc::new(shelf.clone()) as _)).collect();
    let clock = Arc::new(Ticking::default());
    let keeper = Keeper::start(Arc::clone(platform.kernel.database()), Arc::clone(&clock) as _);
    let poll = Duration::from_secs(1);
    let (cosigner, progress) = (cosigner(), Arc::new(Silent));
    mirror_router(Mirror::open(MirrorParts { logs, cosigner, keeper, clock, poll, progress }).await.unwrap())
}

pub(crate) async fn announce(router: &Router, request: &AddCheckpoint) {
    let request = Request::post("/add-checkpoint").body(Body::from(request.to_string()));
    let reply = send(router, request.unwrap()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

pub(crate) async fn push(router: &Router, body: Vec<u8>) -> Reply {
    send(router, Request::post("/add-entries").body(Body::from(body)).unwrap()).await
}

pub(crate) async fn push_coded(router: &Router, body: &[u8], coding: &str) -> Reply {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(body).unwrap();
    let request = Request::post("/add-entries").header("Content-Encoding", coding);
    send(router, request.body(Body::from(packer.finish().unwrap())).unwrap()).await
}

pub(crate) async fn get(router: &Router, path: &str) -> Reply {
    send(router, Request::get(path).body(Body::empty()).unwrap()).await
}
