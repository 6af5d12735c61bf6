//! Power loss at every step of what these adapters write: what was acknowledged is there when it is opened again,
//! what was half written is never taken for whole, and no hand is needed.

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;
use strongroom_content::{Disk, DiskTiles, PackSettings, Reserve};
use strongroom_contract::content::{key, read_range, sample, store_in_pieces};
use strongroom_durable::watch::{Moment, Watch};
use strongroom_kernel::ports::{ContentKey, ContentStore, PackPosition, Packs, PortErrorKind, TileStore};
use tempfile::TempDir;

use crate::packs::open;

/// Of so many crashes one is followed by new writes: these sync, and take their time.
const GO_ON: usize = 12;

fn content(batch: usize, place: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 31 + batch * 7 + place * 3 + 1) % 251).unwrap()).collect()
}

const SETTINGS: PackSettings = PackSettings { max_bytes: 8000, allocation: 4096, max_cut: 1 << 30 };

/// An entry of a pack, as the database would know it.
struct Kept {
    position: PackPosition,
    content: Vec<u8>,
    committed: Moment,
    /// When its erasure began, and when that had returned.
    erased: Option<(Moment, Moment)>,
}

/// Batches of several packs, with an erasure in between; begins at what `folder` has.
fn fill(packs: &dyn Packs, watch: &Watch, batches: &[&[usize]]) -> Vec<Kept> {
    let mut kept: Vec<Kept> = Vec::new();
    for (batch, lengths) in batches.iter().enumerate() {
        let contents: Vec<Vec<u8>> =
            lengths.iter().enumerate().map(|(place, length)| content(batch, place, *length)).collect();
        let slices: Vec<&[u8]> = contents.iter().map(AsRef::as_ref).collect();
        let (positions, sync) = packs.append(&slices).unwrap();
        sync.wait().unwrap();
        let committed = watch.now();
        let entries = positions.into_iter().zip(contents);
        kept.extend(entries.map(|(position, content)| Kept { position, content, committed, erased: None }));
        if batch % 2 == 1 {
            let began = watch.now();
            packs.erase(kept[batch].position).unwrap();
            kept[batch].erased = Some((began, watch.now()));
        }
    }
    kept
}

#[test]
fn packs_keep_what_was_committed_and_appending_goes_on() {
    let batches: [&[usize]; 6] =
        [&[700, 0, 2999], &[1, 1500], &[], &[3000, 3000, 2000], &[64, 5000], &[4000, 4000, 12]];
    let folder = TempDir::new().unwrap();
    let watch = Watch::begin(folder.path()).unwrap();
    let packs = open(&folder.path().join("packs"), SETTINGS);
    packs.recover(None).unwrap();
    let kept = fill(&packs, &watch, &batches);
    drop(packs);
    for (number, crash) in watch.history().crashes(6).enumerate() {
        let after = TempDir::new().unwrap();
        crash.leave(after.path()).unwrap();
        let committed: Vec<&Kept> = kept.iter().filter(|kept| crash.is_after(kept.committed)).collect();
        let packs = open(&after.path().join("packs"), SETTINGS);
        let end = committed.iter().map(|kept| kept.position).max();
        // The last one may be erased by then: recovery asks for its header only.
        packs.recover(end).unwrap_or_else(|error| panic!("{crash}: {error:?}"));
        let check = || {
            for Kept { position, content, erased, .. } in &committed {
                match packs.read(*position) {
                    Ok(read) => {
                        assert!(read == *content, "{crash}: other bytes at {position:?}");
                        assert!(erased.is_none_or(|(_, done)| !crash.is_after(done)), "{crash}: not erased");
                    }
                    Err(error) => {
                        let began = erased.is_some_and(|(began, _)| crash.is_after(began));
                        assert!(began && error.kind == PortErrorKind::Missing, "{crash}: {error:?}");
                    }
                }
            }
        };
        check();
        if number % GO_ON > 0 {
            continue;
        }
        let (again, sync) = packs.append(&[b"afterwards"]).unwrap();
        sync.wait().unwrap();
        assert_eq!(packs.read(again[0]).unwrap(), "afterwards", "{crash}");
        check();
    }
}

#[test]
fn packs_bear_a_power_loss_within_their_recovery() {
    let folder = TempDir::new().unwrap();
    let packs = open(folder.path(), SETTINGS);
    packs.recover(None).unwrap();
    let watch = Watch::begin(folder.path()).unwrap();
    let kept = fill(&packs, &watch, &[&[3000, 1000]]);
    // All of this is behind what the database knows, in the same pack and in further ones.
    let (_, sync) = packs.append(&[&[1; 3000], &[2; 6000], &[3; 6000]]).unwrap();
    sync.wait().unwrap();
    drop(packs);
    let end = kept.iter().map(|kept| kept.position).max();
    let watch = Watch::begin(folder.path()).unwrap();
    open(folder.path(), SETTINGS).recover(end).unwrap();
    let history = watch.history();
    assert!(history.steps() >= 4, "it cut and removed something");
    for crash in history.crashes(10) {
        let after = TempDir::new().unwrap();
        crash.leave(after.path()).unwrap();
        let packs = open(after.path(), SETTINGS);
        packs.recover(end).unwrap_or_else(|error| panic!("{crash}: {error:?}"));
        let (again, sync) = packs.append(&[&[9; 7000]]).unwrap();
        sync.wait().unwrap();
        assert_eq!(packs.read(again[0]).unwrap(), [9; 7000].as_slice(), "{crash}");
        for Kept { position, content, .. } in &kept {
            assert!(packs.read(*position).unwrap() == *content, "{crash}");
        }
    }
}

fn disk(folder: &Path) -> Disk {
    Disk::new(folder, Arc::new(Reserve::new(folder, 0)))
}

/// What happened to a content, in its order: whether it is to be there from a moment on.
struct Fact {
    key: ContentKey,
    content: Bytes,
    there: bool,
    began: Moment,
    done: Moment,
}

#[tokio::test]
async fn a_folder_keeps_what_was_kept_and_has_no_half_content() {
    let folder = TempDir::new().unwrap();
    let watch = Watch::begin(folder.path()).unwrap();
    let store = disk(folder.path());
    let mut facts = Vec::new();
    let steps = [("a", 0, true), ("a", 5000, true), ("b", 5000, true), ("a", 5000, true), ("a", 5000, false)];
    for (tenant, length, there) in steps.into_iter().chain([("a", 700, true), ("a", 5000, true)]) {
        let content = sample(length, 3);
        let key = key(tenant, &content);
        let began = watch.now();
        if there {
            store_in_pieces(&store, &key, &content, 1024).await.unwrap();
        } else {
            store.remove(&key).await.unwrap();
        }
        facts.push(Fact { key, content, there, began, done: watch.now() });
    }
    // One upload that never ends.
    let mut abandoned = store.stage().await.unwrap();
    abandoned.write(sample(3 << 20, 4)).await.unwrap();
    for (number, crash) in watch.history().crashes(4).enumerate() {
        let after = TempDir::new().unwrap();
        crash.leave(after.path()).unwrap();
        let store = disk(after.path());
        store.sweep_staged().await.unwrap();
        for fact in &facts {
            let same = || facts.iter().filter(|other| other.key == fact.key);
            let last = same().rfind(|other| crash.is_after(other.done));
            let under_way = same().any(|other| crash.is_after(other.began) && !crash.is_after(other.done));
            match store.size(&fact.key).await.unwrap() {
                Some(_) => {
                    let read = read_range(&store, &fact.key, 0..u64::MAX).await.unwrap();
                    assert!(read == fact.content, "{crash}: {} bytes under a name of others", read.len());
                    assert!(under_way || last.is_some_and(|last| last.there), "{crash}: removed, and back");
                }
                None => assert!(under_way || last.is_none_or(|last| !last.there), "{crash}: content is lost"),
            }
        }
        let listed = store.list(None, 100).await.unwrap_or_else(|error| panic!("{crash}: {error:?}"));
        assert!(listed.iter().all(|(key, _)| facts.iter().any(|fact| fact.key == *key)), "{crash}");
        if number % GO_ON > 0 {
            continue;
        }
        for fact in &facts {
            store_in_pieces(&store, &fact.key, &fact.content, 4096).await.unwrap();
            assert!(read_range(&store, &fact.key, 0..u64::MAX).await.unwrap() == fact.content, "{crash}");
        }
        assert!(fs::read_dir(after.path().join("staging")).unwrap().next().is_none(), "{crash}: litter");
    }
}

#[tokio::test]
async fn copies_of_other_ledgers_are_there_when_their_write_returned() {
    let folder = TempDir::new().unwrap();
    let watch = Watch::begin(folder.path()).unwrap();
    let tiles = DiskTiles::durable(&folder.path().join("mirror"));
    let mut written: Vec<(&str, Bytes, Moment)> = Vec::new();
    for (path, length) in
        [("tile/0/000", 8192), ("checkpoint", 200), ("tile/entries/000", 900), ("checkpoint", 210)]
    {
        let bytes = sample(length, 5);
        tiles.write(path, &bytes).await.unwrap();
        written.push((path, bytes, watch.now()));
    }
    for crash in watch.history().crashes(8) {
        let after = TempDir::new().unwrap();
        crash.leave(after.path()).unwrap();
        let tiles = DiskTiles::durable(&after.path().join("mirror"));
        for (number, (path, bytes, done)) in written.iter().enumerate() {
            let found = tiles.read(path).await.unwrap();
            let others = || written.iter().filter(|(other, ..)| other == path);
            let is_whole = found.as_ref().is_none_or(|found| others().any(|(_, bytes, _)| *bytes == *found));
            assert!(is_whole, "{crash}: {path} is torn");
            let later = written[number + 1..].iter().any(|(other, ..)| other == path);
            let is_there = if later { found.is_some() } else { found.as_deref() == Some(&**bytes) };
            assert!(is_there || !crash.is_after(*done), "{crash}: {path} is lost");
        }
    }
}
