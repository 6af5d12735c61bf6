//! Reads of content: verified before they are served, recorded, coalesced; and content on its way in.

use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt as _;
use strongroom_kernel::{Action, ContentBody, ContentRead, verify::Verdict};
use strongroom_model::{Caller, Digest, Error, ErrorKind};
use strongroom_testkit::Room;

use crate::notebook::{READ, SavePage, SaveUploaded, anna, domain, options, page, room, subject};

fn read(id: u128, digest: Digest, range: Option<std::ops::Range<u64>>) -> ContentRead {
    ContentRead { caller: anna(), action: READ, subject: subject(id), domain: domain(), digest, range }
}

async fn bytes_of(room: &Room, read: ContentRead) -> Result<Vec<u8>, Error> {
    match room.kernel.read_content(read).await?.body {
        ContentBody::Whole(bytes) => Ok(bytes.to_vec()),
        ContentBody::Stream(pieces) => {
            let pieces: Vec<Bytes> = pieces.try_collect().await.map_err(strongroom_kernel::from_port)?;
            Ok(pieces.concat())
        }
    }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| u8::try_from(place * 31 % 251).unwrap()).collect()
}

async fn store(room: &Room, id: u128, content: &[u8]) -> Digest {
    let mut upload = room.kernel.upload();
    for piece in content.chunks(100_000) {
        upload.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    let uploaded = upload.finish(&domain()).await.unwrap();
    assert_eq!((uploaded.digest, uploaded.size), (Digest::of(content), content.len() as u64));
    let mut page = page(id, content);
    page.title = format!("page {id} of {}", content.len());
    room.kernel.run(&SaveUploaded { page, uploaded: &uploaded }).await.unwrap();
    uploaded.digest
}

#[tokio::test]
async fn content_of_every_length_comes_back_whole_and_in_ranges() {
    let room = room().await;
    for (id, length) in [0, 1, 65_536, 65_537, 1 << 20, (1 << 20) + 1, (3 << 20) + 17].into_iter().enumerate()
    {
        let content = pattern(length);
        let digest = store(&room, id as u128, &content).await;
        assert_eq!(bytes_of(&room, read(id as u128, digest, None)).await.unwrap(), content, "{length} bytes");
        let part = bytes_of(&room, read(id as u128, digest, Some(1_048_570..1_048_590))).await.unwrap();
        let expected = content.get(1_048_570.min(length)..1_048_590.min(length)).unwrap();
        assert_eq!(part, expected, "a range of {length} bytes");
        let beyond = bytes_of(&room, read(id as u128, digest, Some(u64::MAX - 1..u64::MAX))).await.unwrap();
        assert!(beyond.is_empty());
    }
    assert_eq!(room.verify().await.verdict(), Verdict::Clean);
}

#[tokio::test]
async fn small_content_lives_in_the_database_where_there_are_no_packs() {
    let mut options = options();
    options.packs = false;
    let room = Room::new(options).await;
    let content = pattern(10_240);
    let digest = store(&room, 1, &content).await;
    assert_eq!(bytes_of(&room, read(1, digest, None)).await.unwrap(), content);
    assert_eq!(room.verify().await.verdict(), Verdict::Clean);
}

#[tokio::test]
async fn reads_of_one_object_by_one_caller_are_one_leaf() {
    let room = room().await;
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    let digest = Digest::of(b"one");
    for _ in 0..3 {
        bytes_of(&room, read(1, digest, None)).await.unwrap();
    }
    let other = ContentRead { caller: Caller::account("ben"), ..read(1, digest, None) };
    bytes_of(&room, other).await.unwrap();
    let room = room.reopen().await.unwrap();
    assert_eq!(room.leaves().await, ["save_page anna", "read_page anna", "read_page ben"]);
    let records = room.records().await;
    assert_eq!(records[1].plain["content"][0]["digest"], digest.to_string());
}

#[tokio::test]
async fn a_list_read_is_one_leaf_with_all_its_subjects() {
    let room = room().await;
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    room.kernel.run(&SavePage::new(2, b"two")).await.unwrap();
    let wanted = [(1, b"one"), (2, b"two")].map(|(id, content)| (subject(id), domain(), Digest::of(content)));
    let contents = room.kernel.read_contents(&anna(), READ, wanted.to_vec()).await.unwrap();
    assert_eq!(contents.len(), 2);
    let room = room.reopen().await.unwrap();
    assert_eq!(room.records().await[2].plain["subjects"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn changed_content_is_never_served() {
    for length in [100, 200_000, 3 << 20] {
        let room = room().await;
        let content = pattern(length);
        let digest = store(&room, 1, &content).await;
        crate::tampering::flip_in_files(room.folder(), &content[10..42]);
        let Err(error) = room.kernel.read_content(read(1, digest, None)).await else {
            panic!("{length} changed bytes were served")
        };
        assert_eq!(error.kind(), ErrorKind::Internal, "{length} bytes: {error:?}");
    }
}

#[tokio::test]
async fn unknown_content_is_not_found_and_leaves_no_leaf() {
    let room = room().await;
    let error = room.kernel.read_content(read(1, Digest::of(b"never"), None)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let room = room.reopen().await.unwrap();
    assert!(room.leaves().await.is_empty());
}

#[tokio::test]
async fn denials_of_strangers_are_counted_and_those_of_callers_are_leaves() {
    const ENTER: Action = Action { service: "notebook", name: "enter" };
    let room = room().await;
    for _ in 0..100 {
        room.kernel.record_denial(&Caller::stranger(), ENTER);
    }
    room.kernel.record_denial(&anna(), ENTER);
    let room = room.reopen().await.unwrap();
    let mut leaves = room.leaves().await;
    leaves.sort();
    assert_eq!(leaves, ["enter  refused: denied", "enter anna refused: denied"]);
    let counted =
        room.records().await.into_iter().find(|record| record.plain["caller"]["kind"] == "stranger");
    assert_eq!(counted.unwrap().plain["count"], 100);
}

#[tokio::test]
async fn an_upload_no_unit_refers_to_is_swept_and_one_in_flight_is_not() {
    let room = room().await;
    let upload = async |content: Vec<u8>| {
        let mut upload = room.kernel.upload();
        upload.write(content.into()).await.unwrap();
        upload.finish(&domain()).await.unwrap()
    };
    let held = upload(pattern(70_000)).await;
    drop(upload(pattern(80_000)).await);
    assert_eq!(room.kernel.sweep_orphans().await.unwrap(), 1);
    room.kernel.run(&SaveUploaded { page: page(1, &pattern(70_000)), uploaded: &held }).await.unwrap();
    drop(held);
    assert_eq!(room.kernel.sweep_orphans().await.unwrap(), 0);
    assert_eq!(bytes_of(&room, read(1, Digest::of(&pattern(70_000)), None)).await.unwrap(), pattern(70_000));
}

#[tokio::test]
async fn an_upload_of_content_that_is_being_deleted_waits_and_is_whole() {
    use strongroom_contract::content::faulty::{ContentCall, ContentFault, ContentFaults, FaultyStore};
    let faults = ContentFaults::new();
    let given = faults.clone();
    let mut options = options();
    options.wrap_store = Box::new(move |store| std::sync::Arc::new(FaultyStore::new(store, given.clone())));
    let room = Room::new(options).await;
    let content = pattern(100_000);
    let mut upload = room.kernel.upload();
    upload.write(content.clone().into()).await.unwrap();
    drop(upload.finish(&domain()).await.unwrap());
    faults.next(ContentCall::Remove, ContentFault::Slow);
    let kernel = room.kernel.clone();
    let sweeping = tokio::spawn(async move { kernel.sweep_orphans().await });
    let kernel = room.kernel.clone();
    let again = content.clone();
    let uploading = tokio::spawn(async move {
        let mut upload = kernel.upload();
        upload.write(again.into()).await.unwrap();
        upload.finish(&domain()).await
    });
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    faults.let_go();
    sweeping.await.unwrap().unwrap();
    let uploaded = uploading.await.unwrap().unwrap();
    room.kernel.run(&SaveUploaded { page: page(1, &content), uploaded: &uploaded }).await.unwrap();
    assert_eq!(bytes_of(&room, read(1, Digest::of(&content), None)).await.unwrap(), content);
}

#[tokio::test]
async fn content_is_deleted_a_day_after_its_last_reference_went() {
    use strongroom_kernel::{State, Unit, Uuid, Value};
    let room = room().await;
    let content = pattern(5_000);
    let digest = store(&room, 1, &content).await;
    let mut unit = Unit::new(&anna(), crate::notebook::SAVE);
    unit.remove::<crate::notebook::Page>(vec![Value::Id(Uuid::from_u128(1))], State::Present);
    room.kernel.run(&crate::notebook::Plain(unit)).await.unwrap();
    room.clock.advance(Duration::from_hours(23));
    assert_eq!(room.kernel.sweep().await.unwrap(), 0);
    room.clock.advance(Duration::from_hours(2));
    assert_eq!(room.kernel.sweep().await.unwrap(), 1);
    let error = room.kernel.read_content(read(1, digest, None)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(!crate::tampering::found_in_files(room.folder(), &content[100..140]), "the bytes are gone too");
    assert_eq!(room.verify().await.verdict(), Verdict::Clean);
    let digest = store(&room, 2, &content).await;
    assert_eq!(bytes_of(&room, read(2, digest, None)).await.unwrap(), content, "and it can be stored again");
}

#[tokio::test]
async fn the_scrub_names_broken_content_and_goes_round() {
    let room = room().await;
    for id in 0..5u8 {
        store(&room, u128::from(id), &[&pattern(1_000)[..], &[id; 64]].concat()).await;
    }
    crate::tampering::flip_in_files(room.folder(), &[3; 64]);
    let mut broken = Vec::new();
    let mut rounds = 0;
    while rounds < 1 {
        let step = room.kernel.scrub_step(2).await.unwrap();
        broken.extend(step.broken);
        rounds += usize::from(step.round_ended);
        // the position is a note, written with the next batch
        room.kernel.record(strongroom_kernel::Unit::new(&anna(), READ)).await.unwrap();
    }
    assert_eq!(broken.len(), 1, "{broken:?}");
    assert!(broken[0].contains(&Digest::of(&[&pattern(1_000)[..], &[3; 64]].concat()).to_string()));
}
