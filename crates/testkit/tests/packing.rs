//! Small content in PostgreSQL on its way into objects of the content store: when it is moved, how it is read, what is
//! left of it when it is deleted, and what `verify` finds. Skipped where no server is named.

use std::{sync::Arc, time::Duration};

use strongroom_content::{BoxKey, Disk, Reserve, Sealing};
use strongroom_kernel::{
    ContentRead, DELETE_AFTER, Subject,
    ports::{ContentEntry, ContentKey, ContentStore as _, Place, SystemRng},
    verify::Verdict,
};
use strongroom_model::{Digest, ErrorKind};
use strongroom_testkit::{Room, RoomOptions};

use crate::diary::{self, WRITE, domain, entry, write};

/// The store lists objects under this domain.
const OBJECTS: &str = "kernel/objects";
/// Length of the contents of these tests: 32 of them make an object.
pub(crate) const LENGTH: usize = 32 << 10;
pub(crate) const OBJECT: u64 = 1 << 20;

pub(crate) fn options() -> RoomOptions {
    RoomOptions { pack_bytes: OBJECT, ..diary::options() }
}

/// A room on a server; `None`, said aloud, where none is named.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
pub(crate) async fn room(options: RoomOptions) -> Option<Room> {
    let room = Room::on_server(options).await;
    if room.is_none() {
        println!("skipped: STRONGROOM_TEST_POSTGRES_URL is not set");
    }
    room
}

/// Content that differs for each `id`.
pub(crate) fn picture(id: u128) -> Vec<u8> {
    format!("picture {id} ").into_bytes().into_iter().cycle().take(LENGTH).collect()
}

/// Writes entries with a picture each.
pub(crate) async fn write_all(room: &Room, ids: impl IntoIterator<Item = u128>) {
    for id in ids {
        write(room, entry(id, "anna"), Some(&picture(id)), "{}").await;
    }
}

/// Takes the pictures of entries away.
pub(crate) async fn drop_all(room: &Room, ids: impl IntoIterator<Item = u128>) {
    for id in ids {
        write(room, entry(id, "anna"), None, "{}").await;
    }
}

pub(crate) async fn read(room: &Room, id: u128) -> Result<Vec<u8>, ErrorKind> {
    let subject = Subject { noun: "entry", id: id.to_string() };
    let caller = strongroom_model::Caller::account("anna");
    let (action, domain, digest) = (WRITE, domain(), Digest::of(&picture(id)));
    let read = ContentRead { caller, action, subject, domain, digest, range: None };
    match room.kernel.read_content(read).await.map_err(|error| error.kind())?.body {
        strongroom_kernel::ContentBody::Whole(bytes) => Ok(bytes.to_vec()),
        strongroom_kernel::ContentBody::Stream(_) => panic!("small content is no stream"),
    }
}

pub(crate) async fn assert_read(room: &Room, ids: impl IntoIterator<Item = u128>) {
    for id in ids {
        assert!(read(room, id).await.as_deref() == Ok(&picture(id)[..]), "picture {id}");
    }
}

pub(crate) async fn assert_clean(room: &Room) {
    let report = room.verify().await;
    assert_eq!(report.verdict(), Verdict::Clean, "{report:?}");
}

async fn entries(room: &Room) -> Vec<ContentEntry> {
    room.kernel.database().contents(None, 1_000).await.unwrap()
}

/// How many contents are in the database, and in how many objects the others.
pub(crate) async fn places(room: &Room) -> (usize, usize) {
    let entries = entries(room).await;
    let waiting = entries.iter().filter(|entry| entry.place == Place::Database).count();
    let mut objects: Vec<u32> = entries
        .iter()
        .filter_map(|entry| match entry.place {
            Place::Object(position) => Some(position.at.pack),
            _ => None,
        })
        .collect();
    objects.sort_unstable();
    objects.dedup();
    (waiting, objects.len())
}

/// Objects that are in the store.
pub(crate) async fn stored(room: &Room) -> Vec<ContentKey> {
    let store = Disk::new(room.folder(), Arc::new(Reserve::new(room.folder(), 0)));
    let listed = store.list(None, 10_000).await.unwrap();
    listed.into_iter().map(|(key, _)| key).filter(|key| key.domain.as_str() == OBJECTS).collect()
}

/// Has all that waits moved, however little that is.
pub(crate) async fn pack_all(room: &Room) {
    while room.kernel.pack().await.unwrap() {}
    room.clock.advance(Duration::from_hours(2));
    while room.kernel.pack().await.unwrap() {}
}

#[tokio::test]
async fn content_is_moved_when_enough_waits_and_read_as_before() {
    let Some(room) = room(options()).await else { return };
    write_all(&room, 0..31).await;
    assert!(!room.kernel.pack().await.unwrap());
    assert_eq!(places(&room).await, (31, 0), "31 contents do not fill an object");
    write_all(&room, 31..70).await;
    assert!(room.kernel.pack().await.unwrap(), "enough is left for another");
    assert!(!room.kernel.pack().await.unwrap());
    assert_eq!(places(&room).await, (6, 2));
    let figures = room.kernel.packing().unwrap();
    assert_eq!((figures.moved_contents, figures.moved_bytes), (64, 64 * LENGTH as u64));
    assert_eq!((figures.waiting_contents, figures.waiting_bytes, figures.objects), (6, 6 * LENGTH as u64, 2));
    assert_eq!(stored(&room).await.len(), 2);
    for entry in entries(&room).await.iter().filter(|entry| entry.place != Place::Database) {
        let left = room.kernel.database().small_content(&entry.key).await;
        left.expect_err("its bytes are no longer in the database");
    }
    assert_read(&room, 0..70).await;
    assert_clean(&room).await;
    // content that is there already is not stored again
    write(&room, entry(1_000, "ben"), Some(&picture(3)), "{}").await;
    assert_eq!(places(&room).await, (6, 2));
    let room = room.reopen().await.unwrap();
    assert_read(&room, 0..70).await;
    assert_clean(&room).await;
}

#[tokio::test]
async fn what_waits_long_enough_is_moved_and_small_objects_are_put_together() {
    let Some(room) = room(options()).await else { return };
    for id in 0..8 {
        write_all(&room, [id]).await;
        assert!(!room.kernel.pack().await.unwrap());
        room.clock.advance(Duration::from_mins(59));
        room.kernel.pack().await.unwrap();
        assert_eq!(places(&room).await.0, 1, "it has not waited an hour");
        room.clock.advance(Duration::from_mins(1));
        room.kernel.pack().await.unwrap();
        assert_eq!(places(&room).await, (0, usize::try_from(id).unwrap() + 1));
    }
    assert_eq!(room.kernel.compact_objects().await.unwrap(), 8);
    assert_eq!((places(&room).await, stored(&room).await.len()), ((0, 1), 9));
    assert_eq!(room.kernel.compact_objects().await.unwrap(), 0);
    assert_read(&room, 0..8).await;
    assert_clean(&room).await;
    room.clock.advance(DELETE_AFTER + Duration::from_secs(1));
    assert_eq!(room.kernel.compact_objects().await.unwrap(), 8, "the old ones go a day later");
    assert_eq!(stored(&room).await.len(), 1);
    assert_read(&room, 0..8).await;
    assert_clean(&room).await;
}

#[tokio::test]
async fn empty_content_stays_and_holds_nothing_up() {
    let Some(room) = room(options()).await else { return };
    write(&room, entry(1, "anna"), Some(b""), "{}").await;
    pack_all(&room).await;
    assert_eq!(places(&room).await, (1, 0));
    assert_eq!(room.kernel.packing().unwrap().waiting_contents, 0);
    assert_clean(&room).await;
}

/// Takes pictures away, and has their contents deleted a day later.
async fn delete(room: &Room, ids: impl IntoIterator<Item = u128>) -> u64 {
    drop_all(room, ids).await;
    room.clock.advance(DELETE_AFTER + Duration::from_secs(1));
    room.kernel.sweep().await.unwrap()
}

/// Has what is condemned removed.
async fn remove_old(room: &Room) {
    for _ in 0..2 {
        room.clock.advance(DELETE_AFTER + Duration::from_secs(1));
        room.kernel.compact_objects().await.unwrap();
    }
}

#[tokio::test]
async fn an_object_is_written_anew_when_more_than_half_is_deleted() {
    let Some(room) = room(options()).await else { return };
    write_all(&room, 0..32).await;
    pack_all(&room).await;
    let before = stored(&room).await;
    assert_eq!(delete(&room, 0..17).await, 17);
    assert_eq!(read(&room, 0).await, Err(ErrorKind::NotFound));
    assert_clean(&room).await;
    assert_eq!(room.kernel.compact_objects().await.unwrap(), 1);
    assert_read(&room, 17..32).await;
    assert_eq!((places(&room).await, stored(&room).await.len()), ((0, 1), 2));
    remove_old(&room).await;
    let after = stored(&room).await;
    assert!(after.len() == 1 && after != before);
    assert_read(&room, 17..32).await;
    assert_clean(&room).await;
    assert_eq!(delete(&room, 17..32).await, 15);
    remove_old(&room).await;
    assert_eq!(stored(&room).await, [], "nothing is left of an object when nothing is in it");
    assert_clean(&room).await;
}

#[tokio::test]
async fn an_object_that_is_read_damaged_stays_and_others_are_written_anew() {
    let Some(room) = room(options()).await else { return };
    write_all(&room, 0..32).await;
    pack_all(&room).await;
    let damaged = stored(&room).await;
    write_all(&room, 32..64).await;
    pack_all(&room).await;
    assert_eq!(delete(&room, (0..20).chain(32..52)).await, 40);
    crate::packing_faults::spoil(&room, &damaged[0]).await;
    assert_eq!(room.kernel.compact_objects().await.unwrap(), 0, "the two would be put together");
    assert_eq!(room.kernel.compact_objects().await.unwrap(), 1);
    remove_old(&room).await;
    let left = stored(&room).await;
    assert!(left.len() == 2 && left.contains(&damaged[0]), "nothing took its place");
    assert_read(&room, 52..64).await;
    // it was damaged on its way only: the last bit is as it was
    crate::packing_faults::spoil(&room, &damaged[0]).await;
    let room = room.reopen().await.unwrap();
    assert_eq!(room.kernel.compact_objects().await.unwrap(), 1);
    remove_old(&room).await;
    assert_eq!(stored(&room).await.len(), 2);
    assert_read(&room, (20..32).chain(52..64)).await;
    assert_clean(&room).await;
}

#[tokio::test]
async fn of_objects_of_which_less_is_deleted_one_is_written_anew_at_each_step() {
    let Some(room) = room(options()).await else { return };
    write_all(&room, 0..96).await;
    pack_all(&room).await;
    assert_eq!(places(&room).await, (0, 3));
    // which contents are in which object depends on their digests
    let mut one_of_each: Vec<(u32, u128)> = Vec::new();
    for id in 0..96 {
        let key = ContentKey { domain: domain(), digest: Digest::of(&picture(id)) };
        let entry = room.kernel.database().content(&key).await.unwrap().unwrap();
        let Place::Object(position) = entry.place else { panic!("{id} is not in an object") };
        if one_of_each.iter().all(|(pack, _)| *pack != position.at.pack) {
            one_of_each.push((position.at.pack, id));
        }
    }
    let gone: Vec<u128> = one_of_each.into_iter().map(|(_, id)| id).collect();
    assert_eq!(delete(&room, gone.clone()).await, 3);
    for left in [2, 1, 0] {
        assert_eq!(room.kernel.compact_objects().await.unwrap(), 1);
        let objects = room.kernel.database().packing().unwrap().objects(None, 100).await.unwrap();
        assert_eq!(
            objects.iter().filter(|object| object.live > 0 && object.live < object.payload).count(),
            left
        );
    }
    assert_eq!(room.kernel.compact_objects().await.unwrap(), 0);
    remove_old(&room).await;
    assert_eq!(stored(&room).await.len(), 3);
    assert_read(&room, (0..96).filter(|id| !gone.contains(id))).await;
    assert_clean(&room).await;
}

#[tokio::test]
async fn sealed_content_is_sealed_in_the_database_and_in_objects() {
    let sealing = Sealing { key: BoxKey::new(&[1; 32], &[9; 32]), rng: Arc::new(SystemRng) };
    let options = RoomOptions { sealer: Some(Arc::new(sealing)), ..options() };
    let Some(room) = room(options).await else { return };
    write_all(&room, 0..4).await;
    write(&room, entry(9, "anna"), Some(b""), "{}").await;
    let key = ContentKey { domain: domain(), digest: Digest::of(&picture(1)) };
    let waiting = room.kernel.database().small_content(&key).await.unwrap();
    assert!(!waiting.windows(8).any(|part| part == b"picture "));
    assert_read(&room, 0..4).await;
    assert_clean(&room).await;
    pack_all(&room).await;
    assert_eq!(places(&room).await, (1, 1));
    assert_read(&room, 0..4).await;
    assert_clean(&room).await;
    let position = entries(&room).await.into_iter().find(|entry| entry.key == key).unwrap();
    assert!(matches!(position.place, Place::Object(at) if at.at.length as usize == LENGTH + 40));
    let object = crate::packing_faults::bytes_of(&room, &stored(&room).await[0]).await;
    assert!(!object.windows(8).any(|part| part == b"picture "));
}

#[tokio::test]
async fn an_object_the_database_does_not_know_is_swept_and_no_other() {
    let Some(room) = room(options()).await else { return };
    write_all(&room, 0..4).await;
    pack_all(&room).await;
    room.execute("CREATE TABLE kept AS SELECT * FROM kernel_object").await;
    let known = stored(&room).await;
    write_all(&room, 4..8).await;
    pack_all(&room).await;
    // as after a restore of the database: it knows less than the store
    room.execute(
        "DELETE FROM kernel_object WHERE number NOT IN (SELECT number FROM kept); DROP TABLE kept;
         UPDATE kernel_content SET refs = 0, unreferenced_since = 0, place = 2
             WHERE pack NOT IN (SELECT number FROM kernel_object)",
    )
    .await;
    assert_eq!(stored(&room).await.len(), 2);
    assert_eq!(room.kernel.sweep_orphans().await.unwrap(), 1);
    assert_eq!(stored(&room).await, known);
    assert_read(&room, 0..4).await;
}

#[tokio::test]
async fn verify_finds_what_was_done_to_objects() {
    let cases = [
        ("UPDATE kernel_object SET live = 0", "bytes of contents are in it"),
        ("UPDATE kernel_object SET live = live - 1", "bytes of contents are in it"),
        ("UPDATE kernel_object SET state = 2, condemned = 0", "bytes of contents are in it"),
        ("UPDATE kernel_object SET digest = sha256('x')", "content "),
        ("DELETE FROM kernel_object", "is not known"),
        ("UPDATE kernel_content SET pack_offset = pack_offset + 1 WHERE place = 3", "content "),
    ];
    let Some(room) = room(options()).await else { return };
    write_all(&room, 0..4).await;
    pack_all(&room).await;
    assert_clean(&room).await;
    room.execute("CREATE TABLE objects AS SELECT * FROM kernel_object").await;
    room.execute("CREATE TABLE contents AS SELECT * FROM kernel_content").await;
    for (statement, words) in cases {
        room.execute(statement).await;
        let report = room.verify().await;
        assert_eq!(report.verdict(), Verdict::Tampered, "{statement}");
        let told = format!("{report:?}");
        assert!(told.contains(words), "{statement}: {told}");
        // what is condemned while contents are in it is not removed
        room.execute(
            "DELETE FROM kernel_object; INSERT INTO kernel_object SELECT * FROM objects;
             DELETE FROM kernel_content; INSERT INTO kernel_content SELECT * FROM contents",
        )
        .await;
        assert_clean(&room).await;
    }
    let object = &stored(&room).await[0];
    crate::packing_faults::spoil(&room, object).await;
    let report = room.verify().await;
    assert_eq!(report.verdict(), Verdict::Tampered);
    let found = room.kernel.scrub_step(100).await.unwrap();
    assert_eq!(found.broken.len(), 1, "the scrub finds the one content that was changed");
    let mut broken = 0;
    for id in 0..4 {
        broken += usize::from(read(&room, id).await == Err(ErrorKind::Internal));
    }
    assert_eq!(broken, 1, "and it is not served");
}
