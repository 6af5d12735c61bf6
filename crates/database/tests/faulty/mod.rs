//! The wrapper that injects faults, around a real database: each fault does what it says, once.

use std::sync::Arc;

use strongroom_contract::database::{Fault, FaultyDatabase, Subject, tables::Book, unit};
use strongroom_kernel::{
    Row as _, State, Unit,
    ports::{Database, PortErrorKind},
};
use tokio::sync::Notify;

use super::sqlite::Folder;

fn book(id: i64) -> Unit {
    unit(|unit| unit.put(&Book::new(id), State::Absent))
}

#[tokio::test]
async fn each_fault_does_what_it_says_once() {
    let folder = Folder::new();
    let subject = Subject::open(&folder).await;
    let faulty = FaultyDatabase::new(Arc::clone(&subject.database));
    let count = async || subject.database.count_rows(Book::TABLE).await.unwrap();

    faulty.fail("commit", Fault::NotDone(PortErrorKind::Full));
    faulty.fail("commit", Fault::DoneButFailed(PortErrorKind::Unavailable));
    let error = faulty.commit(subject.batch(&[book(1)])).await.unwrap_err();
    assert_eq!((error.kind, count().await), (PortErrorKind::Full, 0));
    let error = faulty.commit(subject.batch(&[book(1)])).await.unwrap_err();
    assert_eq!((error.kind, count().await), (PortErrorKind::Unavailable, 1));
    faulty.commit(subject.batch(&[book(2)])).await.unwrap();
    assert_eq!((faulty.waiting(), count().await), (0, 2));

    let gate = Arc::new(Notify::new());
    faulty.fail("commit", Fault::Slow(Arc::clone(&gate)));
    let commit = faulty.commit(subject.batch(&[book(3)]));
    let (done, ()) = tokio::join!(biased; commit, async {
        assert_eq!(count().await, 2);
        gate.notify_one();
    });
    done.unwrap();
    assert_eq!(count().await, 3);
    assert_eq!(faulty.calls(), ["commit"; 4]);
}
