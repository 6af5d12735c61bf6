//! Erasure: nothing is left in any byte of the folder, every proof holds, and a crash is taken up again.

use std::{fs, path::Path, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use bytes::Bytes;
use parking_lot::Mutex;
use strongroom_contract::database::{Fault, FaultyDatabase};
use strongroom_kernel::{
    ContentRead, Json, Once, OnceKey, State, Subject, TextList, Value,
    ports::{ContentKey, PortErrorKind},
    record::personal,
    verify::{Silent, Verdict},
};
use strongroom_model::{Caller, Digest, ErrorKind};
use strongroom_testkit::Room;

use crate::diary::{
    Author, BELONGS, Entry, Plain, Remark, TOPIC, WRITE, domain, entry, erase, find, find_remark, options,
    rebuild, remark, request, run, unit, write,
};

const MARKER: &str = "Zenobia-Quixley-4711";

/// Every form in which the marker could stand in a file.
fn forms(marker: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![marker.to_vec(), hex(marker).into_bytes(), hex(marker).to_uppercase().into_bytes()];
    for lead in 0..3 {
        // what stands before it in the base64 text shifts it; its own first and last characters depend on that
        let encoded = BASE64_STANDARD_NO_PAD.encode([&vec![b'x'; lead], marker].concat());
        forms.push(encoded.as_bytes()[lead * 4 / 3 + 2..encoded.len() - 2].to_vec());
    }
    forms.push(marker.iter().flat_map(|byte| [*byte, 0]).collect());
    forms
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|half| char::from_digit(u32::from(half), 16).unwrap())
        .collect()
}

/// Files of the folder that have any of `forms`.
fn traces(folder: &Path, forms: &[Vec<u8>]) -> Vec<String> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(traces(&path, forms));
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for form in forms {
            if let Some(at) = find_bytes(&bytes, form) {
                found.push(format!("{} in {} at {at}", String::from_utf8_lossy(form), path.display()));
            }
        }
    }
    found
}

fn find_bytes(bytes: &[u8], part: &[u8]) -> Option<usize> {
    let first = *part.first()?;
    (0..bytes.len().saturating_sub(part.len() - 1))
        .find(|at| bytes[*at] == first && bytes[*at..].starts_with(part))
}

/// The salts of all openings whose value is `value`.
async fn salts(room: &Room, value: &str) -> Vec<Vec<u8>> {
    let mut salts = Vec::new();
    for record in room.stored_records().await {
        if record.openings.is_empty() {
            continue;
        }
        let openings: serde_json::Value = serde_json::from_slice(&record.openings).unwrap();
        let own = openings.as_array().unwrap().iter().filter(|opening| opening["value"] == value);
        salts.extend(own.map(|opening| opening["salt"].as_str().unwrap().as_bytes().to_vec()));
    }
    salts
}

async fn store(room: &Room, content: &[u8]) -> strongroom_kernel::Uploaded {
    let mut upload = room.kernel.upload();
    upload.write(Bytes::copy_from_slice(content)).await.unwrap();
    upload.finish(&domain()).await.unwrap()
}

fn picture(kind: &str, length: usize) -> Vec<u8> {
    format!("{kind} of {MARKER} ").into_bytes().into_iter().cycle().take(length).collect()
}

async fn read(room: &Room, caller: &str, id: u128, digest: Digest) {
    let subject = Subject { noun: "entry", id: id.to_string() };
    let caller = Caller::account(caller);
    let (action, domain) = (WRITE, domain());
    let read = ContentRead { caller, action, subject, domain, digest, range: None };
    room.kernel.read_content(read).await.unwrap();
}

/// A room in which the marker stands wherever it can.
async fn filled(options: strongroom_testkit::RoomOptions) -> Room {
    let room = Room::new(options).await;
    write(&room, entry(1, "anna"), Some(b"a picture that stays"), "{\"id\":1}").await;
    // the author cannot be absent: the row goes, with small and large content
    let small = picture("small", 3_000);
    write(&room, entry(2, MARKER), Some(&small), &format!("{{\"by\":\"{MARKER}\"}}")).await;
    let large = picture("large", 200_000);
    let uploaded = store(&room, &large).await;
    let mut unit_of_large = unit("anna");
    unit_of_large.attach(&uploaded);
    unit_of_large.put(&Entry { picture: Some(uploaded.digest), ..entry(3, MARKER) }, State::Absent);
    run(&room, unit_of_large).await;
    read(&room, "anna", 2, Digest::of(&small)).await;
    read(&room, MARKER, 3, uploaded.digest).await;
    // remarks belong to their entry
    let mut remarks = unit("anna");
    remarks.put(&remark(10, 2, "secret words of a remark"), State::Absent);
    remarks.put(&remark(11, 1, "a remark that stays"), State::Absent);
    run(&room, remarks).await;
    // values that can be absent
    let held = Entry {
        mood: Some(MARKER.to_owned()),
        details: Some(Json(format!("{{\"who\": [\"{MARKER}\"]}}"))),
        tags: Some(TextList(vec!["x".to_owned(), MARKER.to_owned()])),
        ..entry(4, "anna")
    };
    write(&room, held, None, "{}").await;
    // one that was replaced since: only the records have it
    write(&room, Entry { mood: Some(MARKER.to_owned()), ..entry(5, "anna") }, None, "{}").await;
    write(&room, Entry { mood: Some("calm".to_owned()), ..entry(5, "anna") }, None, "{}").await;
    // a row with a counter
    let mut counted = unit("anna");
    counted.put(&Author { id: 1, name: Some(MARKER.to_owned()), entries: 0 }, State::Absent);
    run(&room, counted).await;
    let mut count = unit(MARKER);
    count.bump::<Author>(vec![Value::Int(1)], "entries", 2, (0, 9));
    run(&room, count).await;
    // a kept answer and a note
    let key =
        OnceKey { scope: format!("{MARKER} POST /x"), key: "k".to_owned(), request: Digest::of(b"request") };
    let command = Plain(unit("anna"));
    let once = room.kernel.run_once(&key, &command, |()| format!("hello {MARKER}").into_bytes()).await;
    assert!(matches!(once.unwrap(), Once::Done(_)));
    for id in 100..140 {
        write(&room, entry(id, &format!("author {id}")), None, "{}").await;
    }
    room
}

fn assert_clean(report: &strongroom_kernel::verify::Report) {
    assert_eq!(report.verdict(), Verdict::Clean, "{report:?}");
}

/// After an erasure of the marker: what is gone, what stays, and that all can be verified and made again.
async fn assert_forgotten(room: &Room, salts: &[Vec<u8>]) {
    assert_eq!(traces(room.folder(), &forms(MARKER.as_bytes())), [] as [String; 0]);
    assert_eq!(traces(room.folder(), &forms(b"secret words of a remark")), [] as [String; 0]);
    assert_eq!(traces(room.folder(), salts), [] as [String; 0]);
    assert_eq!((find(room, 2).await, find(room, 3).await, find_remark(room, 10).await), (None, None, None));
    assert_eq!(find(room, 4).await, Some(entry(4, "anna")));
    assert_eq!(find(room, 5).await.unwrap().mood.as_deref(), Some("calm"));
    assert!(find(room, 1).await.is_some() && find(room, 139).await.is_some());
    assert_eq!(find_remark(room, 11).await.unwrap().words, "a remark that stays");
    let author: Author = room.kernel.snapshot().await.unwrap().find(&[Value::Int(1)]).await.unwrap().unwrap();
    assert_eq!((author.name, author.entries), (None, 2));
    assert_clean(&room.verify().await);
    rebuild(room).await;
    assert_clean(&room.verify().await);
    assert_eq!(find(room, 4).await, Some(entry(4, "anna")));
    assert_eq!(find(room, 2).await, None);
}

#[tokio::test]
async fn nothing_of_a_subject_is_left_in_any_byte() {
    for packs in [true, false] {
        let mut options = options();
        options.packs = packs;
        let room = filled(options).await;
        let salts = salts(&room, MARKER).await;
        assert!(salts.len() > 6, "{}", salts.len());
        assert!(!traces(room.folder(), &forms(MARKER.as_bytes())).is_empty());
        assert!(!traces(room.folder(), &salts[..1]).is_empty());
        let before = room.stored_records().await;
        let listed = room.kernel.list_erasure(&request(MARKER), BELONGS, &Silent).await.unwrap();
        let report = erase(&room, MARKER).await;
        assert_eq!(report.removed.get("diary_entry"), Some(&2), "{report:?}");
        assert_eq!(report.removed.get("diary_remark"), Some(&1));
        assert_eq!(
            (report.changed.get("diary_entry"), report.changed.get("diary_author")),
            (Some(&1), Some(&1))
        );
        assert_eq!((report.contents, report.kept_contents), (2, 0));
        assert_eq!((report.stays.as_slice(), report.caveats.as_slice()), (&[][..], &[][..]));
        assert_eq!(
            (&listed.removed, listed.values, listed.events),
            (&report.removed, report.values, report.events)
        );
        // commitments, leaves and canonical records are as they were
        let after = room.stored_records().await;
        for (before, after) in before.iter().zip(&after) {
            assert_eq!((&before.leaf, &before.canonical), (&after.leaf, &after.canonical));
        }
        for index in 0..before.len() as u64 {
            room.kernel.ledger().inclusion_proof(index).await.unwrap();
        }
        assert_forgotten(&room, &salts).await;
        // what nothing speaks of is not found, and its search leaves no record
        let recorded = room.stored_records().await.len();
        for unknown in [MARKER, "row:diary_entry/4711", "nobody at all"] {
            let refused = room.kernel.erase(&request(unknown), BELONGS, &Silent).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::NotFound, "{unknown}");
            let refused = room.kernel.list_erasure(&request(unknown), BELONGS, &Silent).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::NotFound, "{unknown}");
        }
        assert_eq!(room.stored_records().await.len(), recorded);
        let room = room.reopen().await.unwrap();
        assert_forgotten(&room, &salts).await;
    }
}

#[tokio::test]
async fn the_units_of_an_erasure_name_places_and_no_values() {
    let room = filled(options()).await;
    let report = erase(&room, MARKER).await;
    let id = report.id.unwrap();
    let own: Vec<_> = room
        .records()
        .await
        .into_iter()
        .filter(|record| record.service == "kernel")
        .filter(|record| record.plain["subjects"][0]["id"] == id.as_str())
        .collect();
    assert!(own.len() >= 3, "{own:?}");
    assert!(own.iter().all(|record| !record.plain.to_string().contains(MARKER)));
    assert_eq!((own[0].action.as_str(), own.last().unwrap().action.as_str()), ("erase", "erased"));
}

#[tokio::test]
async fn a_missing_opening_needs_a_unit_that_names_it() {
    let room = filled(options()).await;
    let records = room.stored_records().await;
    let victim = records.iter().find(|record| personal(record).unwrap().len() > 1).unwrap();
    let openings = strongroom_kernel::record::without(victim, [1]).unwrap();
    let erasure = strongroom_kernel::ports::Erasure {
        openings: vec![(victim.sequence, openings)],
        ..strongroom_kernel::ports::Erasure::default()
    };
    room.kernel.database().erase(erasure).await.unwrap();
    let report = room.verify().await;
    assert_eq!(report.verdict(), Verdict::Tampered);
    let expected = format!("record {}: 1 values were taken away and no unit erased them", victim.index);
    assert!(report.findings.iter().any(|finding| finding.text == expected), "{report:?}");
}

#[tokio::test]
async fn a_missing_event_that_no_unit_erased_is_still_tampering() {
    let room = filled(options()).await;
    erase(&room, MARKER).await;
    let kept = room.kernel.database().events(TOPIC, 0, 100).await.unwrap();
    let erasure = strongroom_kernel::ports::Erasure {
        events: vec![(TOPIC.to_owned(), kept[5].offset)],
        ..strongroom_kernel::ports::Erasure::default()
    };
    room.kernel.database().erase(erasure).await.unwrap();
    assert_eq!(room.verify().await.verdict(), Verdict::Tampered);
}

#[tokio::test]
async fn whole_rows_go_where_that_is_asked() {
    let room = filled(options()).await;
    let request = strongroom_kernel::ErasureRequest { rows: true, ..request(MARKER) };
    let report = room.kernel.erase(&request, BELONGS, &Silent).await.unwrap();
    assert_eq!(report.removed.get("diary_entry"), Some(&3), "{report:?}");
    assert_eq!(report.removed.get("diary_author"), Some(&1));
    assert!(report.changed.is_empty());
    assert_eq!(find(&room, 4).await, None);
    assert!(find(&room, 5).await.is_some(), "a row that no longer holds it stays");
    assert_eq!(traces(room.folder(), &forms(MARKER.as_bytes())), [] as [String; 0]);
    assert_clean(&room.verify().await);
    rebuild(&room).await;
    assert_clean(&room.verify().await);
}

#[tokio::test]
async fn a_row_goes_with_what_belongs_to_it_and_its_own_content_only() {
    let room = Room::new(options()).await;
    write(&room, entry(1, "anna"), Some(b"shared by two entries"), "{}").await;
    write(&room, entry(2, "anna"), Some(b"shared by two entries"), "{}").await;
    write(&room, entry(3, "anna"), Some(b"of the third alone"), "{}").await;
    let mut remarks = unit("ben");
    remarks.put(&remark(20, 2, "said of two"), State::Absent);
    remarks.put(&remark(30, 3, "said of three"), State::Absent);
    run(&room, remarks).await;
    let id = |id| format!("row:diary_entry/{}", strongroom_kernel::Uuid::from_u128(id));
    let report = erase(&room, &id(2)).await;
    assert_eq!((report.contents, report.kept_contents), (0, 1), "{report:?}");
    assert_eq!((find_remark(&room, 20).await, find(&room, 2).await), (None, None));
    assert_eq!(traces(room.folder(), &[b"said of two".to_vec()]), [] as [String; 0]);
    assert_eq!(traces(room.folder(), &[b"shared by two entries".to_vec()]).len(), 1);
    let report = erase(&room, &id(3)).await;
    assert_eq!((report.contents, report.kept_contents), (1, 0));
    assert_eq!(traces(room.folder(), &[b"of the third alone".to_vec()]), [] as [String; 0]);
    let digest = hex(Digest::of(b"of the third alone").as_bytes());
    let forms = vec![digest.into_bytes(), Digest::of(b"of the third alone").as_bytes().to_vec()];
    assert_eq!(traces(room.folder(), &forms), [] as [String; 0], "the digest is personal too");
    assert_clean(&room.verify().await);
    rebuild(&room).await;
    assert_clean(&room.verify().await);
}

#[tokio::test]
async fn a_content_goes_from_every_row_and_read() {
    let room = Room::new(options()).await;
    let digest = Digest::of(b"a picture of somebody");
    write(&room, entry(1, "anna"), Some(b"a picture of somebody"), "{}").await;
    write(&room, entry(2, "ben"), Some(b"a picture of somebody"), &format!("{{\"sha256\":\"{digest}\"}}"))
        .await;
    write(&room, entry(3, "ben"), Some(b"another"), "{}").await;
    read(&room, "anna", 1, digest).await;
    let report = erase(&room, &format!("sha256:{digest}")).await;
    // the column may be null, so the entries stay
    assert_eq!((report.changed.get("diary_entry"), report.contents), (Some(&2), 1), "{report:?}");
    assert_eq!(find(&room, 1).await, Some(entry(1, "anna")));
    let key = ContentKey { domain: domain(), digest };
    assert_eq!(room.kernel.database().content(&key).await.unwrap(), None);
    let mut all = forms(digest.as_bytes());
    all.push(b"a picture of somebody".to_vec());
    assert_eq!(traces(room.folder(), &all), [] as [String; 0]);
    assert_clean(&room.verify().await);
    // the same content may come again
    write(&room, entry(4, "ben"), Some(b"a picture of somebody"), "{}").await;
    read(&room, "ben", 4, digest).await;
    assert_clean(&room.verify().await);
}

#[tokio::test]
async fn an_event_that_was_not_delivered_never_is() {
    let mut options = options();
    options.before_answer = None;
    let room = Room::new(options).await;
    room.sink.set_away(true);
    write(&room, entry(1, "anna"), None, "one").await;
    write(&room, entry(2, MARKER), None, "two").await;
    write(&room, entry(3, "anna"), None, "three").await;
    let report = erase(&room, MARKER).await;
    assert_eq!(report.events, 1);
    room.sink.set_away(false);
    let room = room.reopen().await.unwrap();
    write(&room, entry(4, "anna"), None, "four").await;
    while room.kernel.unconfirmed_events() > 0 || room.sink.heard().len() < 3 {
        tokio::task::yield_now().await;
    }
    let heard: Vec<_> = room.sink.heard().into_iter().map(|heard| heard.payload).collect();
    assert_eq!(heard, ["one", "three", "four"]);
    assert_clean(&room.verify().await);
}

#[tokio::test]
async fn what_cannot_be_erased_is_said() {
    let room = Room::new(options()).await;
    let mut unit = unit("anna");
    unit.about("person", MARKER);
    unit.put(&entry(1, MARKER), State::Absent);
    run(&room, unit).await;
    let report = erase(&room, MARKER).await;
    assert_eq!(report.stays, [0]);
    let refused = room.kernel.erase(&request("row:nothing/1"), BELONGS, &Silent).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    let refused = room.kernel.erase(&request("row:diary_entry/1/2"), BELONGS, &Silent).await.unwrap_err();
    assert!(refused.public().contains("named by id"), "{refused}");
    let refused = room.kernel.erase(&request("erase"), BELONGS, &Silent).await.unwrap_err();
    assert!(refused.public().contains("let another ask"), "{refused}");
}

/// A filled room whose database fails on demand.
async fn faulty() -> (Room, Arc<FaultyDatabase>) {
    let held: Arc<Mutex<Option<Arc<FaultyDatabase>>>> = Arc::default();
    let keep = Arc::clone(&held);
    let mut options = options();
    options.wrap_database = Box::new(move |database| {
        let faulty = Arc::new(FaultyDatabase::new(database));
        *keep.lock() = Some(Arc::clone(&faulty));
        faulty
    });
    let room = filled(options).await;
    let faulty = held.lock().clone().unwrap();
    (room, faulty)
}

/// Whatever call of the database fails, before or after it was carried out: the next start ends the erasure.
#[tokio::test]
async fn an_erasure_that_is_interrupted_anywhere_is_taken_up_again() {
    let (room, database) = faulty().await;
    let before = database.calls().len();
    erase(&room, MARKER).await;
    let calls = database.calls();
    drop(room);
    for method in ["commit", "forget_content", "erase", "change_terms", "clear_files"] {
        let count = calls[before..].iter().filter(|call| **call == method).count();
        for nth in 0..count {
            for fault in
                [Fault::NotDone(PortErrorKind::Unavailable), Fault::DoneButFailed(PortErrorKind::Unavailable)]
            {
                let (room, database) = faulty().await;
                let salts = salts(&room, MARKER).await;
                for _ in 0..nth {
                    database.fail(method, Fault::Pass);
                }
                database.fail(method, fault.clone());
                let interrupted = room.kernel.erase(&request(MARKER), BELONGS, &Silent).await;
                let what = format!("{method} {nth} {fault:?}");
                // a note that fails to be written alone is written with the next batch
                assert!(interrupted.is_err() || method == "commit", "{what}");
                let room = room.reopen().await.unwrap();
                room.kernel.resume_erasure(BELONGS, &Silent).await.unwrap();
                if room
                    .kernel
                    .database()
                    .rows(<Remark as strongroom_kernel::Row>::TABLE, all())
                    .await
                    .unwrap()
                    .len()
                    > 1
                {
                    // the intent itself did not become durable: then nothing happened
                    assert_eq!((method, nth), ("commit", 0), "{what}");
                    continue;
                }
                assert_forgotten(&room, &salts).await;
                let room = room.reopen().await.unwrap();
                assert_eq!(room.kernel.resume_erasure(BELONGS, &Silent).await.unwrap(), None, "{what}");
            }
        }
    }
}

fn all() -> strongroom_kernel::ports::RowFilter<'static> {
    strongroom_kernel::ports::RowFilter::After { after: -1, limit: 100 }
}
