//! Tables emptied and filled again from what units did: the same rows, to the last mark.

use bytes::Bytes;
use strongroom_kernel::{
    Operation, Row as _, State, Unit, Value,
    ports::{ContentKey, PortErrorKind, StoredRow, UnitOutcome},
};
use strongroom_model::Digest;

use super::{
    place::{Place, Subject, all_rows, unit},
    tables::{Book, Page, SCHEMA, domain},
};

fn id(number: i64) -> Vec<Value> {
    vec![Value::Int(number)]
}

/// What records keep of operations: conditions and bounds are not among it.
fn recorded(operations: &[Operation]) -> Vec<Operation> {
    let mut operations = operations.to_vec();
    operations.retain(|operation| !matches!(operation, Operation::Require { .. }));
    for operation in &mut operations {
        if let Operation::Bump { bounds, label, .. } = operation {
            (*bounds, *label) = ((i64::MIN, i64::MAX), None);
        }
    }
    operations
}

async fn everything(subject: &Subject) -> Vec<Vec<StoredRow>> {
    let mut tables = Vec::new();
    for table in SCHEMA.tables {
        tables.push(all_rows(subject.database.as_ref(), table).await);
    }
    tables
}

fn history() -> Vec<Unit> {
    let picture = Bytes::from_static(b"picture");
    vec![
        unit(|unit| {
            unit.require::<Book>(id(1), State::Absent);
            unit.put(&Book::new(1), State::Absent);
            unit.put(&Book::new(2), State::Any);
        }),
        unit(|unit| {
            let digest = unit.blob(&domain("a"), picture.clone());
            unit.put(&Page::new(1, Some(digest)), State::Absent);
            unit.require::<Book>(id(1), State::Version(0));
            unit.put(&Page::new(2, Some(digest)), State::Absent);
            unit.put(&Page::new(3, None), State::Absent);
        }),
        unit(|unit| {
            unit.bump::<Book>(id(1), "copies", 7, (0, 20));
            unit.remove::<Book>(id(2), State::Version(0));
            unit.remove::<Book>(id(9), State::Any);
        }),
        unit(|unit| unit.put(&Book::new(2), State::Absent)),
        unit(|unit| {
            unit.put(&Book { copies: 0, ..Book::new(1) }, State::Present);
            unit.put(&Page::new(2, None), State::Version(1));
        }),
    ]
}

/// Replayed operations give the same rows, orders, versions and references.
pub async fn replay_gives_the_same_rows(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let mut done = Vec::new();
    for unit in history() {
        let unit = with_real_versions(unit, &done);
        let stamp = subject.done(&unit).await;
        done.push((stamp.sequence, recorded(&unit.operations)));
    }
    let before = everything(&subject).await;
    let picture = ContentKey { domain: domain("a"), digest: Digest::of(b"picture") };
    let referred = subject.database.content(&picture).await.unwrap().unwrap();
    assert_eq!(referred.references, 1);

    subject.database.clear_tables(SCHEMA.tables).await.unwrap();
    assert!(everything(&subject).await.iter().all(Vec::is_empty));
    let cleared = subject.database.content(&picture).await.unwrap().unwrap();
    assert!(cleared.references == 0 && cleared.unreferenced_since.is_some());
    let (first, rest) = done.split_at(2);
    subject.database.replay(first.to_vec()).await.unwrap();
    subject.database.replay(rest.to_vec()).await.unwrap();
    assert_eq!(everything(&subject).await, before);
    assert_eq!(subject.database.content(&picture).await.unwrap(), Some(referred));
    // and units go on
    subject.done(&unit(|unit| unit.bump::<Book>(id(2), "copies", 1, (0, 20)))).await;
}

/// The history names versions by the place of their unit; sequences may begin elsewhere.
fn with_real_versions(mut unit: Unit, done: &[(u64, Vec<Operation>)]) -> Unit {
    for operation in &mut unit.operations {
        if let Operation::Put { expectation, .. }
        | Operation::Remove { expectation, .. }
        | Operation::Require { expectation, .. } = operation
            && let State::Version(place) = expectation.state
        {
            expectation.state = State::Version(done[usize::try_from(place).unwrap()].0);
        }
    }
    unit
}

/// What does not fit the rows is told, and nothing of that call is done.
pub async fn replay_refuses_what_does_not_fit(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let misfits = [
        unit(|unit| unit.remove::<Book>(id(7), State::Present)),
        unit(|unit| unit.bump::<Book>(id(7), "copies", 1, (0, 9))),
        unit(|unit| unit.put(&Book { id: 8, ..Book::new(1) }, State::Absent)),
    ];
    for misfit in misfits {
        let fits = unit(|unit| unit.put(&Book::new(1), State::Absent)).operations;
        let error = subject.database.replay(vec![(0, fits), (1, misfit.operations)]).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Conflict, "{error}");
        assert_eq!(subject.rows::<Book>().await, []);
    }
}

/// Content without an entry gets none by replay.
pub async fn replay_makes_no_entries_of_content(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let page = unit(|unit| unit.put(&Page::new(1, Some(Digest::of(b"lost"))), State::Absent));
    assert_eq!(subject.commit(&page).await, UnitOutcome::Unmet(Some("content")));
    subject.database.replay(vec![(0, page.operations)]).await.unwrap();
    assert_eq!(subject.rows::<Page>().await.len(), 1);
    let lost = ContentKey { domain: domain("a"), digest: Digest::of(b"lost") };
    assert_eq!(subject.database.content(&lost).await.unwrap(), None);
    assert_eq!(subject.database.count_rows(Page::TABLE).await.unwrap(), 1);
}
