//! Whatever is changed behind the back of the kernel, verification names it.

use std::{fs, path::Path};

use rusqlite::Connection;
use strongroom_kernel::{
    State, Unit, Uuid, Value,
    verify::{Report, Verdict},
};
use strongroom_testkit::Room;

use crate::notebook::{CountPage, Page, Plain, SAVE, SavePage, anna, page, room};

/// Inverts a byte of the first place in any file of the folder where `pattern` stands.
pub(crate) fn flip_in_files(folder: &Path, pattern: &[u8]) {
    let (path, at) = find_in_files(folder, pattern).expect("the pattern is stored");
    let mut bytes = fs::read(&path).unwrap();
    bytes[at] ^= 0xff;
    #[expect(clippy::disallowed_methods, reason = "the test spoils a file")]
    fs::write(path, bytes).unwrap();
}

/// Whether `pattern` stands in any file of the folder.
pub(crate) fn found_in_files(folder: &Path, pattern: &[u8]) -> bool {
    find_in_files(folder, pattern).is_some()
}

fn find_in_files(folder: &Path, pattern: &[u8]) -> Option<(std::path::PathBuf, usize)> {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if let Some(found) = find_in_files(&path, pattern) {
                return Some(found);
            }
        } else if let Ok(bytes) = fs::read(&path)
            && let Some(at) = bytes.windows(pattern.len()).position(|window| window == pattern)
        {
            return Some((path, at));
        }
    }
    None
}

async fn filled() -> Room {
    let room = room().await;
    for id in 0..4 {
        room.kernel.run(&SavePage::new(id, b"a picture that all pages share")).await.unwrap();
    }
    room.kernel.run(&SavePage::new(9, b"a picture of its own")).await.unwrap();
    room.kernel.run(&CountPage::default()).await.unwrap();
    room.kernel.run(&CountPage::default()).await.unwrap();
    let mut unit = Unit::new(&anna(), SAVE);
    unit.remove::<Page>(vec![Value::Id(Uuid::from_u128(3))], State::Present);
    unit.put(&Page { writer: None, ..page(2, b"a picture that all pages share") }, State::Present);
    room.kernel.run(&Plain(unit)).await.unwrap();
    room.published(8).await;
    room
}

/// Spoils the database of a filled room and returns what verification says.
async fn spoilt(sql: &str) -> Report {
    let room = filled().await;
    let room = room
        .reopen_after(|folder| {
            let connection = Connection::open(folder.join("strongroom.db")).unwrap();
            connection.execute_batch(sql).unwrap();
        })
        .await
        .unwrap_or_else(|error| panic!("{sql}: did not start: {error:?}"));
    room.verify().await
}

#[tokio::test]
async fn what_was_not_spoilt_is_clean() {
    let report = filled().await.verify().await;
    assert_eq!(report.verdict(), Verdict::Clean, "{report:?}");
    assert_eq!((report.leaves, report.rows, report.contents), (8, 5, 2));
}

#[tokio::test]
async fn every_change_of_a_row_is_named() {
    for (sql, expected) in [
        (
            "UPDATE notebook_page SET title = 'other' WHERE title = 'page 1'",
            "a row is not what record 1 says",
        ),
        ("UPDATE notebook_page SET writer = 'ben' WHERE title = 'page 0'", "a row is not what record 0 says"),
        ("UPDATE notebook_page SET writer = 'ben' WHERE title = 'page 2'", "a row is not what record 7 says"),
        ("UPDATE notebook_book SET pages = 3", "a row is not what the records add up to"),
        ("DELETE FROM notebook_page WHERE title = 'page 1'", "a row that was recorded is missing"),
        ("DELETE FROM notebook_book", "a row that was recorded is missing"),
        ("UPDATE notebook_page SET row_version = 0 WHERE title = 'page 1'", "a row is older than record 1"),
        (
            "UPDATE notebook_page SET row_order = row_order + 1 WHERE title = 'page 1'",
            "a row stands at another place than it was put",
        ),
        (
            "INSERT INTO notebook_page (id, title, writer, labels, domain, picture, row_order, row_version) \
             SELECT x'ffffffffffffffffffffffffffffffff', 'forged', writer, labels, domain, picture, 77, 1 FROM notebook_page \
             WHERE title = 'page 1'",
            "1 rows that no record wrote",
        ),
    ] {
        let report = spoilt(sql).await;
        assert_eq!(report.verdict(), Verdict::Tampered, "{sql}");
        assert!(report.findings.iter().any(|finding| finding.text.contains(expected)), "{sql}: {report:?}");
    }
}

#[tokio::test]
async fn every_change_of_records_and_events_is_named() {
    for (sql, expected) in [
        (
            "UPDATE ledger_record SET nonce = zeroblob(32) WHERE sequence = 2",
            "record 2: leaf does not commit to it",
        ),
        (
            "UPDATE ledger_record SET canonical = CAST(replace(CAST(canonical AS TEXT), 'page 1', 'page 8') AS BLOB)",
            "record 1: leaf does not commit to it",
        ),
        (
            "UPDATE ledger_record SET openings = CAST(replace(CAST(openings AS TEXT), 'anna', 'ben') AS BLOB)",
            "does not fit its commitment",
        ),
        ("UPDATE hub_event SET payload = x'00' WHERE sequence = 1", "not what record 1 says"),
        ("DELETE FROM hub_event WHERE sequence = 1", "an event of record 1 is missing"),
    ] {
        let report = spoilt(sql).await;
        assert_eq!(report.verdict(), Verdict::Tampered, "{sql}");
        assert!(report.findings.iter().any(|finding| finding.text.contains(expected)), "{sql}: {report:?}");
    }
}

#[tokio::test]
async fn a_changed_leaf_keeps_the_kernel_from_starting() {
    for sql in [
        "UPDATE ledger_record SET leaf = (SELECT leaf FROM ledger_record WHERE sequence = 2) WHERE sequence = 3",
        "UPDATE ledger_record SET leaf = x'01' WHERE sequence = 3",
    ] {
        let refused = filled()
            .await
            .reopen_after(|folder| {
                let connection = Connection::open(folder.join("strongroom.db")).unwrap();
                connection.execute_batch(sql).unwrap();
            })
            .await;
        assert!(refused.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn every_change_of_content_is_named() {
    let room = filled().await;
    flip_in_files(room.folder(), b"a picture of its own");
    let report = room.verify().await;
    assert_eq!(report.verdict(), Verdict::Tampered);
    assert!(report.findings[0].text.starts_with("content "), "{report:?}");
    for sql in [
        "DELETE FROM kernel_content",
        "UPDATE kernel_content SET refs = 0",
        "UPDATE kernel_content SET size = size + 1",
        "UPDATE kernel_content SET pack_offset = (SELECT MIN(pack_offset) FROM kernel_content)",
    ] {
        let report = spoilt(sql).await;
        assert_eq!(report.verdict(), Verdict::Tampered, "{sql}: {report:?}");
    }
}

#[tokio::test]
async fn a_spoilt_tile_or_checkpoint_is_named() {
    let room = room().await;
    for id in 0..300 {
        room.kernel.run(&SavePage::new(id, b"x")).await.unwrap();
    }
    room.published(300).await;
    for path in ["ledger/tile/0/000", "ledger/tile/entries/000", "ledger/checkpoint", "outside/checkpoint"] {
        let path = room.folder().join(path);
        let whole = fs::read(&path).unwrap();
        for at in [0, whole.len() / 2, whole.len() - 2] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            #[expect(clippy::disallowed_methods, reason = "the test spoils a file")]
            fs::write(&path, bytes).unwrap();
            assert_eq!(room.verify().await.verdict(), Verdict::Tampered, "{} at {at}", path.display());
        }
        #[expect(clippy::disallowed_methods, reason = "the test mends the file")]
        fs::write(&path, whole).unwrap();
    }
    assert_eq!(room.verify().await.verdict(), Verdict::Clean);
}
