//! Large content in a folder.

use std::{fs, path::Path, sync::Arc};

use strongroom_content::{Disk, Reserve};
use strongroom_contract::content::{key, sample, store::StorePlace, store_all};
use strongroom_kernel::ports::{ContentStore, PortErrorKind};
use tempfile::TempDir;

fn open(folder: &Path) -> Arc<dyn ContentStore> {
    Arc::new(Disk::new(folder, Arc::new(Reserve::new(folder, 0))))
}

#[expect(clippy::unused_async, reason = "the suite awaits whoever makes the store")]
async fn make() -> Option<StorePlace> {
    let folder = Arc::new(TempDir::new().unwrap());
    let store = open(folder.path());
    let reopen = move || -> futures::future::BoxFuture<'static, _> {
        let folder = Arc::clone(&folder);
        Box::pin(async move { open(folder.path()) })
    };
    Some(StorePlace { store, reopen: Box::new(reopen) })
}

strongroom_contract::content_store_tests!(make);

#[tokio::test]
async fn a_reader_beside_a_serving_process_leaves_no_trace() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    assert_eq!(store.size(&key("a", b"x")).await.unwrap(), None);
    assert_eq!(store.list(None, 10).await.unwrap(), []);
    assert_eq!(store.sweep_staged().await.unwrap(), 0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn no_name_from_outside_becomes_a_path() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let store = open(&data);
    for tenant in ["../../x", "/etc", "", "..", "a/../../b"] {
        store_all(&*store, tenant, &sample(10, 1)).await;
    }
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(folder.path()), ["data"]);
    assert_eq!(names(&data), ["objects", "staging"]);
    assert!(names(&data.join("objects")).iter().all(|name| name.len() == 2));
    assert_eq!(names(&data.join("staging")), [""; 0]);
}

#[tokio::test]
async fn uploads_stop_before_the_reserve() {
    let folder = TempDir::new().unwrap();
    let reserve = Arc::new(Reserve::new(folder.path(), u64::MAX / 2));
    let store = Disk::new(folder.path(), reserve);
    let Err(error) = store.stage().await else { panic!("the reserve was touched") };
    assert_eq!(error.kind, PortErrorKind::Full);
}

#[tokio::test]
async fn strange_files_among_the_content_are_not_listed() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let stored = store_all(&*store, "a", &sample(10, 1)).await;
    let objects = folder.path().join("objects");
    let first = fs::read_dir(&objects).unwrap().next().unwrap().unwrap().path();
    let domain = fs::read_dir(&first).unwrap().next().unwrap().unwrap().path();
    for stray in [objects.join("ab"), first.join("lost+found"), domain.join("zz"), domain.join("README")] {
        fs::File::create(stray).unwrap();
    }
    assert_eq!(store.list(None, 10).await.unwrap(), [(stored, 10)]);
}
