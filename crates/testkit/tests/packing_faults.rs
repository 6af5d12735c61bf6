//! Moves of small content that a fault or a crash interrupts, and reads while they go on: nothing is lost, no read
//! fails, and nothing is left behind.

use std::{
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::TryStreamExt as _;
use parking_lot::Mutex;
use strongroom_content::{Disk, Reserve};
use strongroom_contract::{
    content::faulty::{ContentCall, ContentFault, ContentFaults, FaultyStore},
    database::{Fault, FaultyDatabase},
};
use strongroom_kernel::{
    DELETE_AFTER,
    ports::{ContentKey, ContentStore as _, PortErrorKind},
};
use strongroom_testkit::Room;
use tokio::sync::Notify;

use crate::packing::{
    assert_clean, assert_read, drop_all, options, pack_all, places, room, stored, write_all,
};

/// The bytes of an object.
pub(crate) async fn bytes_of(room: &Room, object: &ContentKey) -> Vec<u8> {
    let store = Disk::new(room.folder(), Arc::new(Reserve::new(room.folder(), 0)));
    let pieces: Vec<Bytes> = store.read(object, 0..u64::MAX).await.unwrap().try_collect().await.unwrap();
    pieces.concat()
}

/// Changes the last byte of an object.
pub(crate) async fn spoil(room: &Room, object: &ContentKey) {
    let bytes = bytes_of(room, object).await;
    let (last, rest) = bytes.split_last().unwrap();
    let path = file_named(&room.folder().join("objects"), &object.digest.to_string()).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&[*last ^ 1], rest.len() as u64).unwrap();
}

fn file_named(folder: &Path, name: &str) -> Option<PathBuf> {
    std::fs::read_dir(folder).unwrap().find_map(|item| {
        let path = item.unwrap().path();
        if path.is_dir() { file_named(&path, name) } else { path.ends_with(name).then_some(path) }
    })
}

/// A room whose database and store fail on demand, also after it was opened again.
pub(crate) struct Faults {
    database: Arc<Mutex<Option<Arc<FaultyDatabase>>>>,
    pub(crate) store: ContentFaults,
}

impl Faults {
    pub(crate) fn database(&self) -> Arc<FaultyDatabase> {
        self.database.lock().clone().unwrap()
    }
}

pub(crate) async fn faulty_room() -> Option<(Room, Faults)> {
    let faults = Faults { database: Arc::default(), store: ContentFaults::new() };
    let (keep, store) = (Arc::clone(&faults.database), faults.store.clone());
    let mut options = options();
    options.wrap_database = Box::new(move |database| {
        let faulty = Arc::new(FaultyDatabase::new(database));
        *keep.lock() = Some(Arc::clone(&faulty));
        faulty
    });
    options.wrap_store = Box::new(move |inner| Arc::new(FaultyStore::new(inner, store.clone())));
    Some((room(options).await?, faults))
}

/// Where a move or a compaction can be interrupted.
#[derive(Debug, Clone, Copy)]
enum Step {
    Database(&'static str),
    Store(ContentCall),
}

const STEPS: [Step; 9] = [
    Step::Database("waiting_contents"),
    Step::Database("next_object"),
    Step::Database("begin_object"),
    Step::Store(ContentCall::Stage),
    Step::Store(ContentCall::Write),
    Step::Store(ContentCall::Keep),
    Step::Store(ContentCall::Read),
    Step::Database("fill_object"),
    Step::Database("waiting"),
];

impl Step {
    fn arm(self, faults: &Faults, is_done: bool) {
        let kind = PortErrorKind::Unavailable;
        match self {
            Self::Database(method) if is_done => faults.database().fail(method, Fault::DoneButFailed(kind)),
            Self::Database(method) => faults.database().fail(method, Fault::NotDone(kind)),
            Self::Store(call) if is_done => faults.store.next(call, ContentFault::DoneButFailed(kind)),
            Self::Store(call) => faults.store.next(call, ContentFault::NotDone(kind)),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_fails_at_any_step_loses_nothing_and_leaves_nothing() {
    for is_done in [false, true] {
        let Some((mut room, faults)) = faulty_room().await else { return };
        let mut next = 0;
        for step in STEPS {
            write_all(&room, next..next + 32).await;
            next += 32;
            step.arm(&faults, is_done);
            assert!(room.kernel.pack().await.is_err(), "{step:?}");
            faults.store.heal();
            assert_read(&room, next - 32..next).await;
            // as after a crash: another process takes it up
            room = room.reopen().await.unwrap();
            room.kernel.sweep_orphans().await.unwrap();
            assert_read(&room, next - 32..next).await;
            pack_all(&room).await;
            assert_eq!(places(&room).await.0, 0, "{step:?}");
        }
        room.kernel.compact_objects().await.unwrap();
        room.clock.advance(DELETE_AFTER + Duration::from_secs(1));
        room.kernel.compact_objects().await.unwrap();
        assert_read(&room, 0..next).await;
        assert_clean(&room).await;
        assert_eq!(stored(&room).await.len(), places(&room).await.1, "no object is left in which nothing is");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compaction_that_fails_at_any_step_loses_nothing() {
    let steps = [
        Step::Database("packed_contents"),
        Step::Store(ContentCall::Read),
        Step::Database("begin_object"),
        Step::Store(ContentCall::Keep),
        Step::Database("fill_object"),
        Step::Database("condemn_objects"),
    ];
    for is_done in [false, true] {
        let Some((mut room, faults)) = faulty_room().await else { return };
        write_all(&room, 0..32).await;
        pack_all(&room).await;
        drop_all(&room, 0..20).await;
        room.clock.advance(DELETE_AFTER + Duration::from_secs(1));
        assert_eq!(room.kernel.sweep().await.unwrap(), 20);
        for step in steps {
            step.arm(&faults, is_done);
            // with the fill done there is nothing left to write anew
            let _failed_or_not = room.kernel.compact_objects().await;
            faults.store.heal();
            assert_read(&room, 20..32).await;
            room = room.reopen().await.unwrap();
            assert_read(&room, 20..32).await;
            assert_clean(&room).await;
        }
        for step in [Step::Store(ContentCall::Remove), Step::Database("forget_object")] {
            room.kernel.compact_objects().await.unwrap();
            room.clock.advance(DELETE_AFTER + Duration::from_secs(1));
            step.arm(&faults, is_done);
            let _failed_or_not = room.kernel.compact_objects().await;
            faults.store.heal();
        }
        room.kernel.compact_objects().await.unwrap();
        assert_read(&room, 20..32).await;
        assert_clean(&room).await;
        assert_eq!(stored(&room).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_begins_before_a_move_ends_after_it() {
    let Some((room, faults)) = faulty_room().await else { return };
    write_all(&room, 0..32).await;
    // the reader knows the place; before it is read from there the content is moved
    let gate = Arc::new(Notify::new());
    faults.database().fail("small_content", Fault::Slow(Arc::clone(&gate)));
    let reading = async {
        assert_read(&room, [7]).await;
    };
    let moving = async {
        while !faults.database().calls().contains(&"small_content") {
            tokio::task::yield_now().await;
        }
        assert_eq!(places(&room).await, (32, 0));
        while room.kernel.pack().await.unwrap() {}
        assert_eq!(places(&room).await, (0, 1));
        gate.notify_one();
    };
    tokio::join!(reading, moving);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_begins_before_an_object_goes_ends_after_it() {
    let Some((room, faults)) = faulty_room().await else { return };
    write_all(&room, 0..32).await;
    pack_all(&room).await;
    drop_all(&room, 0..20).await;
    room.clock.advance(DELETE_AFTER + Duration::from_secs(1));
    room.kernel.sweep().await.unwrap();
    // the reader knows the place; before it is read from there the object is gone
    faults.store.next(ContentCall::Read, ContentFault::Slow);
    let reading = async {
        assert_read(&room, [25]).await;
    };
    let moving = async {
        while faults.store.waiting() > 0 {
            tokio::task::yield_now().await;
        }
        room.kernel.compact_objects().await.unwrap();
        // condemned by the second step, removed by the third
        room.kernel.compact_objects().await.unwrap();
        room.clock.advance(DELETE_AFTER + Duration::from_secs(1));
        room.kernel.compact_objects().await.unwrap();
        assert_eq!(stored(&room).await.len(), 1);
        faults.store.let_go();
    };
    tokio::join!(reading, moving);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_is_being_written_is_not_swept() {
    let Some((room, faults)) = faulty_room().await else { return };
    write_all(&room, 0..32).await;
    let gate = Arc::new(Notify::new());
    faults.database().fail("fill_object", Fault::Slow(Arc::clone(&gate)));
    let moving = async {
        room.kernel.pack().await.unwrap();
    };
    let sweeping = async {
        while !faults.database().calls().contains(&"fill_object") {
            tokio::task::yield_now().await;
        }
        assert_eq!(stored(&room).await.len(), 1);
        assert_eq!(room.kernel.sweep_orphans().await.unwrap(), 0);
        gate.notify_one();
    };
    tokio::join!(moving, sweeping);
    assert_eq!(places(&room).await, (0, 1));
    assert_read(&room, 0..32).await;
    assert_clean(&room).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_that_is_deleted_while_it_is_moved_stays_deleted() {
    let Some((room, faults)) = faulty_room().await else { return };
    write_all(&room, 0..32).await;
    drop_all(&room, 0..3).await;
    room.clock.advance(DELETE_AFTER + Duration::from_secs(1));
    let gate = Arc::new(Notify::new());
    faults.database().fail("fill_object", Fault::Slow(Arc::clone(&gate)));
    let moving = async {
        room.kernel.pack().await.unwrap();
    };
    let sweeping = async {
        while !faults.database().calls().contains(&"fill_object") {
            tokio::task::yield_now().await;
        }
        assert_eq!(room.kernel.sweep().await.unwrap(), 3);
        gate.notify_one();
    };
    tokio::join!(moving, sweeping);
    let contents = room.kernel.database().contents(None, 100).await.unwrap();
    assert_eq!(contents.len(), 29);
    assert_eq!(room.kernel.packing().unwrap().moved_contents, 29);
    assert_read(&room, 3..32).await;
    assert_clean(&room).await;
}
