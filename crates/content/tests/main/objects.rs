//! Objects of small contents on a folder and on S3: written whole and read back, read by ranges, and what is damaged.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use strongroom_content::{Disk, ObjectPacks, Reserve, packs::format};
use strongroom_contract::content::{
    faulty::{ContentCall, ContentFault, ContentFaults, FaultyStore},
    sample,
};
use strongroom_kernel::ports::{
    ByteStream, ContentKey, ContentStore, LaidOut, ObjectPosition, PackObjects, PackPosition, PortError,
    PortErrorKind, Staged,
};
use strongroom_model::Digest;
use tempfile::TempDir;

/// Notes which ranges are read.
#[derive(Debug)]
struct Noting {
    inner: Arc<dyn ContentStore>,
    ranges: Mutex<Vec<Range<u64>>>,
}

#[async_trait]
impl ContentStore for Noting {
    async fn stage(&self) -> Result<Box<dyn Staged>, PortError> {
        self.inner.stage().await
    }

    async fn size(&self, key: &ContentKey) -> Result<Option<u64>, PortError> {
        self.inner.size(key).await
    }

    async fn read(&self, key: &ContentKey, range: Range<u64>) -> Result<ByteStream, PortError> {
        self.ranges.lock().push(range.clone());
        self.inner.read(key, range).await
    }

    async fn remove(&self, key: &ContentKey) -> Result<(), PortError> {
        self.inner.remove(key).await
    }

    async fn list(
        &self,
        after: Option<&ContentKey>,
        limit: usize,
    ) -> Result<Vec<(ContentKey, u64)>, PortError> {
        self.inner.list(after, limit).await
    }

    async fn sweep_staged(&self) -> Result<u64, PortError> {
        self.inner.sweep_staged().await
    }
}

fn contents() -> Vec<Bytes> {
    [1, 10_240, 65_536, 40, 65_576].into_iter().zip(0..).map(|(length, seed)| sample(length, seed)).collect()
}

fn at(object: &LaidOut, place: usize) -> ObjectPosition {
    ObjectPosition { object: object.digest, at: object.positions[place] }
}

/// What every store must do.
async fn holds(store: Arc<dyn ContentStore>) {
    let noting = Arc::new(Noting { inner: store, ranges: Mutex::default() });
    let objects = ObjectPacks::new(Arc::clone(&noting) as _);
    let contents = contents();
    let object = objects.lay_out(7, &contents);
    assert_eq!(objects.read(at(&object, 0)).await.unwrap_err().kind, PortErrorKind::Missing);
    let missing = objects.payloads(&object.digest, 100, &[]).await.unwrap_err();
    assert_eq!(missing.kind, PortErrorKind::Missing);
    objects.write(&object).await.unwrap();
    objects.write(&object).await.unwrap();
    noting.ranges.lock().clear();
    for (place, content) in contents.iter().enumerate() {
        assert!(objects.read(at(&object, place)).await.unwrap() == content);
        let read = noting.ranges.lock().pop().unwrap();
        assert_eq!(read.end - read.start, content.len() as u64 + format::ENTRY_HEADER as u64);
    }
    let size = object.bytes.len() as u64;
    let some = [object.positions[3], object.positions[1]];
    let payloads = objects.payloads(&object.digest, size, &some).await.unwrap();
    assert!(payloads == ([contents[3].clone(), contents[1].clone()].into(), true));
    // no place of it, and places behind its end
    let entry = object.positions[1];
    for wrong in [
        PackPosition { offset: entry.offset + 1, ..entry },
        PackPosition { length: entry.length - 1, ..entry },
        PackPosition { offset: size - 10, ..entry },
        PackPosition { offset: size + 10, ..entry },
        PackPosition { offset: u64::MAX - 3, ..entry },
    ] {
        let error = objects.read(ObjectPosition { object: object.digest, at: wrong }).await.unwrap_err();
        assert!(matches!(error.kind, PortErrorKind::Corrupt), "{wrong:?}: {error}");
    }
    let listed = noting.list(None, 10).await.unwrap();
    let listed: Vec<_> = listed.into_iter().map(|(key, size)| (key.domain, key.digest, size)).collect();
    assert_eq!(listed, [(objects.domain().clone(), object.digest, size)]);
    objects.remove(&object.digest).await.unwrap();
    objects.remove(&object.digest).await.unwrap();
    assert_eq!(objects.read(at(&object, 0)).await.unwrap_err().kind, PortErrorKind::Missing);
}

fn disk(folder: &TempDir) -> Arc<dyn ContentStore> {
    Arc::new(Disk::new(folder.path(), Arc::new(Reserve::new(folder.path(), 0))))
}

#[tokio::test]
async fn objects_may_be_in_a_folder() {
    let folder = TempDir::new().unwrap();
    holds(disk(&folder)).await;
}

#[tokio::test]
async fn objects_may_be_on_s3() {
    let folder = TempDir::new().unwrap();
    let Some(store) = super::s3::fresh(&folder).await else { return eprintln!("skipped") };
    holds(Arc::new(store)).await;
}

#[tokio::test]
async fn an_object_is_a_pack_file() {
    let folder = TempDir::new().unwrap();
    let object = ObjectPacks::new(disk(&folder)).lay_out(7, &contents());
    assert_eq!(format::parse_file_header(&object.bytes), Ok(7));
    let entries: Vec<_> = format::entries(&object.bytes).unwrap().map(Result::unwrap).collect();
    let offsets: Vec<u64> = entries.iter().map(|entry| entry.offset).collect();
    assert_eq!(offsets, object.positions.iter().map(|position| position.offset).collect::<Vec<_>>());
    assert!(entries.iter().map(|entry| entry.payload).eq(contents().iter().map(|content| &content[..])));
    assert_eq!(object.digest, Digest::of(&object.bytes));
}

#[tokio::test]
async fn each_changed_bit_of_an_entry_is_found() {
    let folder = TempDir::new().unwrap();
    let store = disk(&folder);
    let objects = ObjectPacks::new(Arc::clone(&store));
    let object = objects.lay_out(0, &[Bytes::from_static(b"first"), Bytes::from_static(b"second")]);
    let key = ContentKey { domain: objects.domain().clone(), digest: object.digest };
    let second = object.positions[1];
    for byte in usize::try_from(second.offset).unwrap()..object.bytes.len() {
        for bit in 0..8 {
            let mut changed = object.bytes.to_vec();
            changed[byte] ^= 1 << bit;
            store.remove(&key).await.unwrap();
            let mut staged = store.stage().await.unwrap();
            staged.write(changed.into()).await.unwrap();
            staged.keep(&key).await.unwrap();
            let error = objects.read(at(&object, 1)).await.unwrap_err();
            assert_eq!(error.kind, PortErrorKind::Corrupt, "byte {byte} bit {bit}");
            assert_eq!(objects.read(at(&object, 0)).await.unwrap(), "first");
        }
    }
}

#[tokio::test]
async fn an_object_that_did_not_arrive_whole_is_not_written() {
    let folder = TempDir::new().unwrap();
    let store = disk(&folder);
    let objects = ObjectPacks::new(Arc::clone(&store));
    let object = objects.lay_out(0, &contents());
    let key = ContentKey { domain: objects.domain().clone(), digest: object.digest };
    // something else of the same name is there already, and stays
    let mut staged = store.stage().await.unwrap();
    staged.write(object.bytes.slice(1..)).await.unwrap();
    staged.keep(&key).await.unwrap();
    assert_eq!(objects.write(&object).await.unwrap_err().kind, PortErrorKind::Corrupt);
    for call in [ContentCall::Stage, ContentCall::Write, ContentCall::Keep, ContentCall::Read] {
        let faults = ContentFaults::new();
        let objects = ObjectPacks::new(Arc::new(FaultyStore::new(Arc::clone(&store), faults.clone())));
        faults.next(call, ContentFault::NotDone(PortErrorKind::Unavailable));
        assert_eq!(objects.write(&object).await.unwrap_err().kind, PortErrorKind::Unavailable, "{call:?}");
    }
}
