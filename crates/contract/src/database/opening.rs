//! Opening again: all is kept, and schemas are never bent.

use bytes::Bytes;
use strongroom_kernel::{
    Migration, Row as _, Schema, State, Value,
    ports::{Batch, ContentKey, Note, PortErrorKind},
};
use strongroom_model::Digest;

use super::{
    place::{Place, Subject, unit},
    tables::{Book, FIRST, Page, SCHEMA, SECOND, domain},
};

/// Rows, records, events, notes and content are there again, and everything counts on.
pub async fn all_is_kept_when_opened_again(place: &dyn Place) {
    let write = |number: i64| {
        unit(|unit| {
            let picture = unit.blob(&domain("a"), Bytes::from_static(b"picture"));
            unit.put(&Page::new(number, Some(picture)), State::Absent);
            unit.put(&Book::new(number), State::Absent);
            unit.emit("suite_a", "k", number.to_string());
        })
    };
    let mut sequences = Vec::new();
    for round in 0..3 {
        let subject = Subject::open(place).await;
        if round > 0 {
            assert_eq!(subject.database.note("round").await.unwrap(), Some(vec![round - 1]));
        }
        let note = Note { key: "round".to_owned(), value: Some(vec![round]) };
        let batch = Batch { notes: vec![note], ..subject.batch(&[write(round.into())]) };
        let stamp = super::place::stamp(subject.database.commit(batch).await.unwrap().remove(0));
        assert_eq!(stamp.events[0].offset, u64::from(round));
        sequences.push(stamp.sequence);
        subject.settle().await;
    }
    assert!(sequences.is_sorted_by(|before, after| before < after));
    let subject = Subject::open(place).await;
    assert_eq!(subject.database.head().await.unwrap().size, 3);
    assert_eq!(subject.database.leaves(0, 9).await.unwrap().len(), 3);
    assert_eq!(subject.database.events("suite_a", 0, 9).await.unwrap().len(), 3);
    assert_eq!(subject.find::<Book>(&[Value::Int(2)]).await, Some(Book::new(2)));
    let picture = ContentKey { domain: domain("a"), digest: Digest::of(b"picture") };
    assert_eq!(subject.database.content(&picture).await.unwrap().unwrap().references, 3);
    assert_eq!(subject.database.small_content(&picture).await.unwrap(), b"picture");
}

/// A schema may grow between two openings.
pub async fn missing_migrations_are_applied(place: &dyn Place) {
    let young = Schema { migrations: &[FIRST], ..SCHEMA };
    drop(place.open(&[young]).await.unwrap());
    let subject = Subject::open(place).await;
    subject.done(&unit(|unit| unit.put(&Page::new(1, None), State::Absent))).await;
    assert_eq!(subject.database.count_rows(Page::TABLE).await.unwrap(), 1);
}

/// A step that fails leaves nothing of itself.
pub async fn a_failed_migration_is_undone(place: &dyn Place) {
    const BROKEN: Migration = Migration {
        version: 2,
        name: "broken",
        sql: "CREATE TABLE suite_page (book {int}); CREATE TABLE suite_book (id {int});",
    };
    let broken = Schema { migrations: &[FIRST, BROKEN], ..SCHEMA };
    assert!(place.open(&[broken]).await.is_err());
    Subject::open(place).await;
}

/// An applied step may not be edited, nor may it be unknown.
pub async fn edited_and_unknown_migrations_are_refused(place: &dyn Place) {
    const EDITED: Migration = Migration { sql: "SELECT 1;", ..SECOND };
    drop(place.open(&[SCHEMA]).await.unwrap());
    for (migrations, kind) in
        [(&[FIRST][..], PortErrorKind::Refused), (&[FIRST, EDITED], PortErrorKind::Corrupt)]
    {
        let error = place.open(&[Schema { migrations, ..SCHEMA }]).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    }
    Subject::open(place).await;
}

/// A program goes on beside steps of a newer one that only expand, and its rows are the newer one's too.
pub async fn steps_that_expand_are_borne_by_older_programs(place: &dyn Place) {
    const COLUMN: Migration = Migration {
        version: 3,
        name: "remark",
        sql: "-- expand: a column that may be null\nALTER TABLE suite_book ADD COLUMN remark {text};",
    };
    let newer = Schema { migrations: &[FIRST, SECOND, COLUMN], ..SCHEMA };
    drop(place.open(&[newer]).await.unwrap());
    let subject = Subject::open(place).await;
    subject.done(&unit(|unit| unit.put(&Book::new(1), State::Absent))).await;
    subject.done(&unit(|unit| unit.put(&Book::new(1), State::Present))).await;
    assert_eq!(subject.find::<Book>(&[Value::Int(1)]).await, Some(Book::new(1)));
    drop(subject);
    let newer = place.open(&[newer]).await.unwrap();
    assert_eq!(newer.count_rows(Book::TABLE).await.unwrap(), 1);
}
