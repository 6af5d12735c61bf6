//! What is particular to SQLite: its log, its age limits, its files, and what is found damaged in them.

use std::{sync::Arc, time::Duration};

use rusqlite::Connection;
use strongroom_contract::database::{
    Place, Subject, ask,
    tables::{Book, SCHEMA},
    unit,
};
use strongroom_database::{Sqlite, SqliteOptions};
use strongroom_kernel::{
    Kind, State, Unit, Value,
    ports::{Database, PortErrorKind, Query, Reach},
};

use super::Folder;

fn book(id: i64) -> Unit {
    unit(|unit| unit.put(&Book::new(id), State::Absent))
}

fn gauge(database: &dyn Database, name: &str) -> f64 {
    database.gauges().into_iter().find(|(found, ..)| *found == name).expect("the gauge is there").2
}

/// A place that opens SQLite with these options.
async fn open_with(folder: &Folder, options: &SqliteOptions) -> Arc<Sqlite> {
    drop(folder.open(&[SCHEMA]).await.expect("it opens"));
    Arc::new(Sqlite::open(&folder.path(), &[SCHEMA], options).expect("it opens again"))
}

#[tokio::test]
async fn the_log_begins_anew_while_commits_go_on() {
    let folder = Folder::new();
    let subject = Subject::open(&folder).await;
    let large = |id: i64| {
        unit(|unit| unit.put(&Book { title: format!("{id:0>20000}"), ..Book::new(id) }, State::Absent))
    };
    for id in 0..400 {
        subject.done(&large(id)).await;
        assert!(gauge(subject.database.as_ref(), "database_wal_bytes") < 4_000_000.0);
    }
    assert!(gauge(subject.database.as_ref(), "database_wal_restarts") > 0.0);
}

#[tokio::test]
async fn an_old_snapshot_is_turned_away() {
    let folder = Folder::new();
    let options = SqliteOptions { snapshot_age: Duration::ZERO, ..SqliteOptions::default() };
    let database = open_with(&folder, &options).await;
    let snapshot = database.snapshot().await.unwrap();
    let query = Query { sql: "SELECT 1", params: &[], columns: &[Kind::Int], reach: Reach::Point };
    assert_eq!(snapshot.query(query).await.unwrap_err().kind, PortErrorKind::Unavailable);
}

#[tokio::test]
async fn a_query_that_never_ends_is_interrupted() {
    let folder = Folder::new();
    let options =
        SqliteOptions { snapshot_age: Duration::from_millis(50), readers: 1, ..SqliteOptions::default() };
    let database = open_with(&folder, &options).await;
    let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n";
    let snapshot = database.snapshot().await.unwrap();
    let query = Query { sql: endless, params: &[], columns: &[Kind::Int], reach: Reach::Scan };
    assert_eq!(snapshot.query(query).await.unwrap_err().kind, PortErrorKind::Unavailable);
    drop(snapshot);
    // the only connection is as good as new
    assert_eq!(database.head().await.unwrap().size, 0);
}

#[tokio::test]
async fn a_scan_whose_caller_went_away_gives_its_connection_back() {
    let folder = Folder::new();
    let options = SqliteOptions { readers: 1, ..SqliteOptions::default() };
    let database = open_with(&folder, &options).await;
    let snapshot = database.snapshot().await.unwrap();
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000) SELECT COUNT(*) FROM n";
    let query = Query { sql, params: &[], columns: &[Kind::Int], reach: Reach::Scan };
    let scan = tokio::time::timeout(Duration::ZERO, snapshot.query(query));
    assert!(scan.await.is_err(), "the caller went away");
    drop(snapshot);
    let next = database.snapshot().await.unwrap();
    assert_eq!(ask(next.as_ref(), "SELECT 1", &[], &[Kind::Int]).await, [[Value::Int(1)]]);
}

#[tokio::test]
async fn it_may_be_read_beside_the_process_that_writes() {
    let folder = Folder::new();
    let missing = Sqlite::open_read_only(&folder.path(), &[SCHEMA], &SqliteOptions::default());
    assert_eq!(missing.unwrap_err().kind, PortErrorKind::Missing);
    let subject = Subject::open(&folder).await;
    subject.done(&book(1)).await;
    let reading = Sqlite::open_read_only(&folder.path(), &[SCHEMA], &SqliteOptions::default()).unwrap();
    assert_eq!(reading.head().await.unwrap().size, 1);
    subject.done(&book(2)).await;
    assert_eq!(reading.head().await.unwrap().size, 2);
    let error = reading.commit(subject.batch(&[book(3)])).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Refused);
    assert_eq!(reading.clear_tables(SCHEMA.tables).await.unwrap_err().kind, PortErrorKind::Refused);
    // and when the writer has gone
    drop(subject);
    assert_eq!(reading.head().await.unwrap().size, 2);
    drop(reading);
    let alone = Sqlite::open_read_only(&folder.path(), &[SCHEMA], &SqliteOptions::default()).unwrap();
    assert_eq!(alone.leaves(0, 10).await.unwrap().len(), 2);
    let unknown = Sqlite::open_read_only(&folder.path(), &[], &SqliteOptions::default());
    assert!(unknown.is_ok(), "tables of services that are switched off do not matter");
}

#[tokio::test]
async fn a_backup_is_whole_while_commits_go_on() {
    let folder = Folder::new();
    let subject = Subject::open(&folder).await;
    for id in 0..20 {
        subject.done(&book(id)).await;
    }
    let (first, second) = (Folder::new(), Folder::new());
    for target in [&first, &second] {
        let path = target.path();
        let unit = book(if path == first.path() { 100 } else { 101 });
        let (done, _) = tokio::join!(subject.database.backup(path.parent().unwrap()), subject.commit(&unit));
        done.unwrap();
    }
    let again = subject.database.backup(first.path().parent().unwrap()).await.unwrap_err();
    assert_eq!(again.kind, PortErrorKind::Exists);
    let copy = Subject::open(&first).await;
    let size = copy.database.head().await.unwrap().size;
    assert!(size == 20 || size == 21);
    assert_eq!(copy.rows::<Book>().await.len() as u64, size);
    let leaves = copy.database.leaves(0, 100).await.unwrap();
    assert_eq!(leaves.len() as u64, size);
    assert_eq!(leaves, subject.database.leaves(0, leaves.len()).await.unwrap());
    copy.done(&book(200)).await;
}

#[tokio::test]
async fn a_ledger_cut_short_or_with_a_hole_is_noticed() {
    let damage = async |sql: &str| {
        let folder = Folder::new();
        let subject = Subject::open(&folder).await;
        subject.commit_all(&[book(1), book(2), book(3)]).await;
        drop(subject);
        Connection::open(folder.path()).unwrap().execute_batch(sql).unwrap();
        folder
    };
    let cut = damage("DELETE FROM ledger_record WHERE sequence = 2").await;
    assert_eq!(cut.open(&[SCHEMA]).await.unwrap_err().kind, PortErrorKind::Corrupt);
    let read = Sqlite::open_read_only(&cut.path(), &[SCHEMA], &SqliteOptions::default()).unwrap();
    assert_eq!(read.leaves(0, 10).await.unwrap_err().kind, PortErrorKind::Corrupt);
    let hole = damage("DELETE FROM ledger_record WHERE sequence = 1").await;
    let database = hole.open(&[SCHEMA]).await.unwrap();
    assert_eq!(database.records(0, 10).await.unwrap_err().kind, PortErrorKind::Corrupt);
    assert_eq!(database.leaves(2, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_value_of_another_kind_is_corrupt() {
    let folder = Folder::new();
    let subject = Subject::open(&folder).await;
    subject.done(&book(1)).await;
    let change = "UPDATE suite_book SET title = x'00'";
    Connection::open(folder.path()).unwrap().execute_batch(change).unwrap();
    let key = [Value::Int(1)];
    let filter = strongroom_kernel::ports::RowFilter::Key(&key);
    let table = <Book as strongroom_kernel::Row>::TABLE;
    assert_eq!(subject.database.rows(table, filter).await.unwrap_err().kind, PortErrorKind::Corrupt);
}

#[tokio::test]
async fn what_is_not_a_database_is_refused() {
    let folder = Folder::new();
    let mut file = std::fs::File::create(folder.path()).unwrap();
    std::io::Write::write_all(&mut file, &[7; 5000]).unwrap();
    assert_eq!(folder.open(&[SCHEMA]).await.unwrap_err().kind, PortErrorKind::Corrupt);
}

#[tokio::test]
async fn one_file_is_left_when_it_is_closed() {
    let folder = Folder::new();
    let subject = Subject::open(&folder).await;
    subject.done(&book(1)).await;
    let snapshot = subject.database.snapshot().await.unwrap();
    ask(snapshot.as_ref(), "SELECT COUNT(*) FROM suite_book", &[], &[Kind::Int]).await;
    drop(snapshot);
    drop(subject);
    let left = std::fs::read_dir(folder.path().parent().unwrap()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["strongroom.db"]);
}
