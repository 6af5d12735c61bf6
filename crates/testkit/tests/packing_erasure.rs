//! Erasure of small content that was moved into objects: nothing of it is left in the store, at once, and what stands
//! beside it is still there; also when a crash comes between.

use std::time::Duration;

use strongroom_contract::{
    content::faulty::{ContentCall, ContentFault},
    database::Fault,
};
use strongroom_kernel::{DELETE_AFTER, ports::PortErrorKind, verify::Silent};
use strongroom_model::ErrorKind;
use strongroom_testkit::Room;

use crate::{
    diary::{BELONGS, entry, erase, request, write},
    packing::{
        assert_clean, assert_read, drop_all, options, pack_all, picture, places, read, room, stored,
        write_all,
    },
    packing_faults::{bytes_of, faulty_room},
};

const PERSON: &str = "Zenobia-Quixley-4711";

/// Entries 0 to 9 are of anna, 100 and 101 of the person, all with pictures that are in one object.
async fn fill(room: &Room) {
    write_all(room, 0..10).await;
    for id in [100, 101] {
        write(room, entry(id, PERSON), Some(&picture(id)), "{}").await;
    }
    pack_all(room).await;
    assert_eq!((places(room).await, stored(room).await.len()), ((0, 1), 1));
    assert!(holds(room, 100).await && holds(room, 101).await && holds(room, 3).await);
}

/// Whether the picture is in any object of the store.
async fn holds(room: &Room, id: u128) -> bool {
    let needle = &picture(id)[..64];
    for object in stored(room).await {
        if bytes_of(room, &object).await.windows(needle.len()).any(|part| part == needle) {
            return true;
        }
    }
    false
}

async fn assert_forgotten(room: &Room) {
    for id in [100, 101] {
        assert!(!holds(room, id).await, "picture {id} is still in the store");
        assert_eq!(read(room, id).await, Err(ErrorKind::NotFound));
    }
    assert_read(room, 0..10).await;
    assert_eq!(stored(room).await.len(), places(room).await.1);
    assert_clean(room).await;
}

#[tokio::test]
async fn nothing_of_erased_content_is_left_in_objects() {
    let Some(room) = room(options()).await else { return };
    fill(&room).await;
    let report = erase(&room, PERSON).await;
    assert_eq!((report.contents, report.kept_contents), (2, 0));
    assert_forgotten(&room).await;
    let room = room.reopen().await.unwrap();
    assert_forgotten(&room).await;
}

#[tokio::test]
async fn content_that_was_deleted_before_and_is_dead_in_an_object_is_erased_too() {
    let Some(room) = room(options()).await else { return };
    fill(&room).await;
    // replaced by entries without a picture; what was written first is in the records
    for id in [100, 101] {
        write(&room, entry(id, PERSON), None, "{}").await;
    }
    room.clock.advance(DELETE_AFTER + Duration::from_secs(1));
    assert_eq!(room.kernel.sweep().await.unwrap(), 2);
    assert!(holds(&room, 100).await, "it is dead in the object, which was not written anew yet");
    erase(&room, PERSON).await;
    assert_forgotten(&room).await;
}

#[tokio::test]
async fn an_object_that_was_replaced_and_waits_for_its_day_goes_at_once() {
    let Some(room) = room(options()).await else { return };
    fill(&room).await;
    write_all(&room, 20..30).await;
    drop_all(&room, 20..30).await;
    drop_all(&room, 0..10).await;
    room.clock.advance(DELETE_AFTER + Duration::from_secs(1));
    room.kernel.sweep().await.unwrap();
    room.kernel.compact_objects().await.unwrap();
    assert!(stored(&room).await.len() > 1 && holds(&room, 100).await);
    write_all(&room, 0..10).await;
    erase(&room, PERSON).await;
    assert_forgotten(&room).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_a_crash_interrupts_while_objects_are_written_anew_ends_at_the_next_start() {
    let unavailable = PortErrorKind::Unavailable;
    let database = ["forget_content", "begin_object", "fill_object", "condemn_objects", "forget_object"];
    let store = [ContentCall::Keep, ContentCall::Read, ContentCall::Remove];
    for step in 0..database.len() + store.len() {
        let Some((room, faults)) = faulty_room().await else { return };
        fill(&room).await;
        if let Some(method) = database.get(step) {
            faults.database().fail(method, Fault::DoneButFailed(unavailable));
        } else {
            let call = store[step - database.len()];
            faults.store.next(call, ContentFault::DoneButFailed(unavailable));
        }
        room.kernel.erase(&request(PERSON), BELONGS, &Silent).await.unwrap_err();
        faults.store.heal();
        let room = room.reopen().await.unwrap();
        room.kernel.resume_erasure(BELONGS, &Silent).await.unwrap().expect("it is taken up");
        assert_forgotten(&room).await;
    }
}
