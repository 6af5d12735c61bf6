//! The fault wrappers of the contract do what they say, on real stores: who tests with them relies on it.

use std::sync::Arc;

use futures::{FutureExt, poll};
use strongroom_content::{Disk, PackSettings, Reserve};
use strongroom_contract::content::{
    faulty::{
        ContentCall::{self, Append, Erase, Keep, ReadPack, Size, Stage, Sync, Write},
        ContentFault::{DoneButFailed, NotDone, Slow},
        ContentFaults, FaultyPacks, FaultyStore,
    },
    key, sample, store_all, store_in_pieces,
};
use strongroom_kernel::ports::{
    ContentStore, Packs,
    PortErrorKind::{Full, Missing, Unavailable},
};
use tempfile::TempDir;

fn store() -> (TempDir, ContentFaults, FaultyStore) {
    let folder = TempDir::new().unwrap();
    let disk = Disk::new(folder.path(), Arc::new(Reserve::new(folder.path(), 0)));
    let faults = ContentFaults::new();
    let store = FaultyStore::new(Arc::new(disk), faults.clone());
    (folder, faults, store)
}

fn packs() -> (TempDir, ContentFaults, FaultyPacks) {
    let folder = TempDir::new().unwrap();
    let faults = ContentFaults::new();
    let packs = crate::packs::open(folder.path(), PackSettings::default());
    let packs = FaultyPacks::new(Arc::new(packs), faults.clone());
    packs.recover(None).unwrap();
    (folder, faults, packs)
}

#[tokio::test]
async fn an_upload_that_fails_anywhere_leaves_nothing_and_the_next_one_succeeds() {
    let (_folder, faults, store) = store();
    let content = sample(3 << 20, 1);
    let key = key("a", &content);
    for call in [Stage, Write, Keep] {
        faults.next(call, NotDone(Full));
        let failed = store_in_pieces(&store, &key, &content, 1 << 20).await;
        assert_eq!(failed.unwrap_err().kind, Full, "{call:?}");
        assert_eq!(store.size(&key).await.unwrap(), None);
        assert_eq!(store.sweep_staged().await.unwrap(), 0);
    }
    store_all(&store, "a", &content).await;
}

#[tokio::test]
async fn what_was_kept_though_reported_as_failed_is_whole() {
    let (_folder, faults, store) = store();
    let content = sample(100, 1);
    let key = key("a", &content);
    faults.next(Keep, DoneButFailed(Unavailable));
    assert_eq!(store_in_pieces(&store, &key, &content, 100).await.unwrap_err().kind, Unavailable);
    assert_eq!(store.size(&key).await.unwrap(), Some(100));
    // The client tries again.
    store_all(&store, "a", &content).await;
    assert_eq!(store.list(None, 10).await.unwrap(), [(key, 100)]);
}

#[tokio::test]
async fn a_slow_call_waits_until_it_is_let_go() {
    let (_folder, faults, store) = store();
    faults.always(Size, Slow);
    let key = key("a", b"");
    let mut slow = store.size(&key).boxed();
    assert!(poll!(&mut slow).is_pending());
    faults.let_go();
    assert_eq!(slow.await.unwrap(), None);
}

#[test]
fn packs_fail_as_told_and_go_on_afterwards() {
    let (_folder, faults, packs) = packs();
    for call in [Append, Sync] {
        for fault in [NotDone(Full), DoneButFailed(Full)] {
            faults.next(call, fault);
            let failed = packs.append(&[b"lost"]).and_then(|(_, sync)| sync.wait());
            assert_eq!(failed.unwrap_err().kind, Full, "{call:?} {fault:?}");
        }
    }
    let (positions, sync) = packs.append(&[b"kept"]).unwrap();
    sync.wait().unwrap();
    faults.next(Erase, NotDone(Unavailable));
    assert!(packs.erase(positions[0]).is_err());
    assert_eq!(packs.read(positions[0]).unwrap(), "kept");
    faults.next(Erase, DoneButFailed(Unavailable));
    assert!(packs.erase(positions[0]).is_err());
    assert_eq!(packs.read(positions[0]).unwrap_err().kind, Missing);
    packs.erase(positions[0]).unwrap();
}

#[test]
fn a_slow_sync_is_waited_for_beside_other_work() {
    let (_folder, faults, packs) = packs();
    faults.next(Sync, Slow);
    let (positions, sync) = packs.append(&[b"slowly"]).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| sync.wait());
        assert_eq!(packs.read(positions[0]).unwrap(), "slowly");
        faults.let_go();
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn healing_forgets_all_faults() {
    let (_folder, faults, packs) = packs();
    let calls: [ContentCall; 2] = [Append, ReadPack];
    for call in calls {
        faults.always(call, NotDone(Unavailable));
        faults.next(call, NotDone(Full));
    }
    assert_eq!(packs.append(&[b"x"]).unwrap_err().kind, Full);
    assert_eq!(packs.append(&[b"x"]).unwrap_err().kind, Unavailable);
    faults.heal();
    let (positions, sync) = packs.append(&[b"x"]).unwrap();
    sync.wait().unwrap();
    assert_eq!(packs.read(positions[0]).unwrap(), "x");
}
