//! The suites once more, on sealed packs and a sealed folder, and what is particular to sealing.

use std::{fs, path::Path, sync::Arc};

use strongroom_content::{BoxKey, Disk, PackSettings, Reserve, SealedPacks, SealedStore};
use strongroom_contract::content::{packs::PacksPlace, read_range, sample, store::StorePlace, store_all};
use strongroom_kernel::ports::{ContentStore, Packs, PortErrorKind, SystemRng};
use tempfile::TempDir;

fn key() -> BoxKey {
    BoxKey::new(&[1; 32], &[9; 32])
}

fn open_store(folder: &Path, key: BoxKey) -> Arc<dyn ContentStore> {
    let disk = Disk::new(folder, Arc::new(Reserve::new(folder, 0)));
    Arc::new(SealedStore::new(disk, key, Arc::new(SystemRng)))
}

mod store {
    use super::*;

    #[expect(clippy::unused_async, reason = "the suite awaits whoever makes the store")]
    async fn make() -> Option<StorePlace> {
        let folder = Arc::new(TempDir::new().unwrap());
        let store = open_store(folder.path(), key());
        let reopen = move || -> futures::future::BoxFuture<'static, _> {
            let folder = Arc::clone(&folder);
            Box::pin(async move { open_store(folder.path(), key()) })
        };
        Some(StorePlace { store, reopen: Box::new(reopen) })
    }

    strongroom_contract::content_store_tests!(make);
}

mod packs {
    use super::*;

    fn make() -> PacksPlace {
        let folder = TempDir::new().unwrap();
        let place = folder.path().join("packs");
        let open = move |max_bytes| -> Arc<dyn Packs> {
            let settings = PackSettings { max_bytes, ..PackSettings::default() };
            let packs = crate::packs::open(&folder.path().join("packs"), settings);
            Arc::new(SealedPacks::new(packs, key(), Arc::new(SystemRng)))
        };
        PacksPlace { folder: place, open: Box::new(open) }
    }

    strongroom_contract::packs_tests!(make);
}

/// The one file under `objects` that is as long as `length` and a head.
fn stored(folder: &Path, length: usize) -> std::path::PathBuf {
    let mut folders = vec![folder.join("objects")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() {
                folders.push(entry.path());
            } else if metadata.len() == length as u64 + 40 {
                return entry.path();
            }
        }
    }
    panic!("nothing is stored in that length");
}

#[tokio::test]
async fn stored_content_opens_as_one_box() {
    for length in [0, 1, 100_000, (1 << 20) + 5] {
        let folder = TempDir::new().unwrap();
        let content = sample(length, 1);
        store_all(&*open_store(folder.path(), key()), "a", &content).await;
        let sealed = fs::read(stored(folder.path(), length)).unwrap();
        assert!(key().open(&sealed).unwrap() == content);
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test that damages files")]
async fn a_changed_byte_anywhere_is_found_before_the_first_one_leaves() {
    let folder = TempDir::new().unwrap();
    let store = open_store(folder.path(), key());
    let length = (2 << 20) + 9;
    let stored_key = store_all(&*store, "a", &sample(length, 2)).await;
    let file = stored(folder.path(), length);
    let whole = fs::read(&file).unwrap();
    for byte in [0, 23, 24, 39, 40, 1 << 20, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[byte] ^= 1;
        fs::write(&file, changed).unwrap();
        let error = store.read(&stored_key, 0..1).await.err().map(|error| error.kind);
        assert_eq!(error, Some(PortErrorKind::Corrupt), "byte {byte}");
    }
    for damaged in [&whole[..whole.len() - 1], &whole[..20], b""] {
        fs::write(&file, damaged).unwrap();
        let error = store.read(&stored_key, 0..1).await.err().map(|error| error.kind);
        assert_eq!(error, Some(PortErrorKind::Corrupt));
    }
    fs::write(&file, &whole).unwrap();
    let other_key = open_store(folder.path(), BoxKey::new(&[2; 32], &[9; 32]));
    assert_eq!(read_range(&*other_key, &stored_key, 0..1).await.unwrap_err().kind, PortErrorKind::Corrupt);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test that damages files")]
async fn what_changes_between_the_passes_does_not_leave_either() {
    use futures::TryStreamExt;
    let folder = TempDir::new().unwrap();
    let store = open_store(folder.path(), key());
    let length = 4 << 20;
    let content = sample(length, 3);
    let stored_key = store_all(&*store, "a", &content).await;
    let file = stored(folder.path(), length);
    let mut whole = fs::read(&file).unwrap();
    let mut pieces = store.read(&stored_key, 0..u64::MAX).await.unwrap();
    // In place: the reader has the file open.
    whole[40 + (3 << 20)] ^= 1;
    fs::write(&file, &whole).unwrap();
    let mut read = Vec::new();
    let error = loop {
        match pieces.try_next().await {
            Ok(piece) => read.extend_from_slice(&piece.expect("the change is noticed before the end")),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind, PortErrorKind::Corrupt);
    assert!(read == content[..3 << 20]);
}
