//! What is particular to PostgreSQL: lost connections, one writer, one sequencer, settings of the server.

use std::time::Duration;

use strongroom_contract::database::{
    Place as _, Subject, ask, stamp,
    tables::{Book, SCHEMA},
    unit,
};
use strongroom_database::{Postgres, PostgresOptions};
use strongroom_kernel::{
    Kind, State, Unit, Value,
    ports::{Batch, Database as _, PortErrorKind, Query, Reach, UnitOutcome},
};

use super::{OnServer, administer, on_server};

fn book(id: i64) -> Unit {
    unit(|unit| unit.put(&Book::new(id), State::Absent))
}

/// Ends all connections to the database but the one that asks, as a restart of the server would.
async fn cut(place: &OnServer) {
    let client = administer(&place.url).await;
    let all = "SELECT COUNT(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    client.query_one(all, &[]).await.expect("connections are ended");
}

#[tokio::test]
async fn it_goes_on_when_the_server_is_back() {
    let Some(place) = on_server().await else { return println!("skipped") };
    let subject = Subject::open(&place).await;
    subject.done(&book(1)).await;
    let snapshot = subject.database.snapshot().await.unwrap();
    ask(snapshot.as_ref(), "SELECT 1::bigint", &[], &[Kind::Int]).await;
    cut(&place).await;
    let query = Query { sql: "SELECT 1::bigint", params: &[], columns: &[Kind::Int], reach: Reach::Point };
    assert_eq!(snapshot.query(query).await.unwrap_err().kind, PortErrorKind::Unavailable);
    drop(snapshot);
    // the loss may be noticed before the next batch or by it; the one after it is as good as ever
    let lost = subject.database.commit(subject.batch(&[book(2)])).await;
    let size = if lost.is_ok() { 2 } else { 1 };
    stamp(subject.commit(&book(3)).await);
    subject.settle().await;
    assert_eq!(subject.database.head().await.unwrap().size, size + 1);
    assert_eq!(subject.rows::<Book>().await.len() as u64, size + 1);
}

#[tokio::test]
async fn a_connection_keeps_few_statements_prepared_however_many_texts_come() {
    let Some(place) = on_server().await else { return println!("skipped") };
    let options = PostgresOptions { snapshot_age: Duration::from_mins(10), ..PostgresOptions::default() };
    let database = Postgres::connect(&place.url, &[SCHEMA], &options).await.unwrap();
    // all on one connection
    let snapshot = database.snapshot().await.unwrap();
    let prepared = "SELECT COUNT(*), MAX(length(statement))::bigint FROM pg_prepared_statements";
    let mut most = (0, 0);
    for count in 1..700 {
        let numbers: Vec<String> = (0..count).map(|number| format!("{number}::bigint")).collect();
        let sql = format!("SELECT MAX(number) FROM unnest(ARRAY[{}]) AS number", numbers.join(", "));
        let found = ask(snapshot.as_ref(), &sql, &[], &[Kind::Int]).await;
        assert_eq!(found, [[Value::Int(count - 1)]]);
        let told = ask(snapshot.as_ref(), prepared, &[], &[Kind::Int, Kind::Int]).await;
        let [Value::Int(count), Value::Int(longest)] = told[0][..] else { panic!("{told:?}") };
        most = (most.0.max(count), most.1.max(longest));
    }
    assert!((200..300).contains(&most.0) && (4 << 10..=8 << 10).contains(&most.1), "{most:?}");
}

#[tokio::test]
async fn a_second_process_that_writes_is_turned_away() {
    let Some(place) = on_server().await else { return println!("skipped") };
    let subject = Subject::open(&place).await;
    subject.done(&book(1)).await;
    let options = PostgresOptions { writer_wait: Duration::from_millis(50), ..PostgresOptions::default() };
    let second = Postgres::connect(&place.url, &[SCHEMA], &options).await.unwrap();
    assert_eq!(second.head().await.unwrap().size, 0);
    let error = second.commit(subject.batch(&[book(2)])).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert_eq!(second.sequence(10).await.unwrap_err().kind, PortErrorKind::Unavailable);
    // once the first has gone it may write
    let batch = subject.batch(&[book(2)]);
    drop(subject);
    let waiting = PostgresOptions { writer_wait: Duration::from_secs(20), ..options };
    let second = Postgres::connect(&place.url, &[SCHEMA], &waiting).await.unwrap();
    stamp(second.commit(batch).await.unwrap().remove(0));
}

#[tokio::test]
async fn a_moved_head_is_a_conflict() {
    let Some(place) = on_server().await else { return println!("skipped") };
    let subject = Subject::open(&place).await;
    subject.done(&book(1)).await;
    subject.settle().await;
    subject.done(&book(2)).await;
    // another sequencer has taken the next index, and its transaction is about to move the head
    let mut other = administer(&place.url).await;
    let transaction = other.transaction().await.unwrap();
    transaction.execute("UPDATE ledger_head SET size = 2, sequence = 1", &[]).await.unwrap();
    let (given, ()) = tokio::join!(subject.database.sequence(10), async {
        let waiting = "SELECT 1 FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'";
        let watcher = administer(&place.url).await;
        while watcher.query(waiting, &[]).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        transaction.commit().await.unwrap();
    });
    assert_eq!(given.unwrap_err().kind, PortErrorKind::Conflict);
}

#[tokio::test]
async fn it_may_be_read_beside_the_process_that_writes() {
    let Some(place) = on_server().await else { return println!("skipped") };
    let options = PostgresOptions::default();
    let early = Postgres::connect_read_only(&place.url, &[SCHEMA], &options).await;
    assert!(early.is_err(), "nothing was migrated yet");
    let subject = Subject::open(&place).await;
    subject.done(&book(1)).await;
    subject.settle().await;
    let reading = Postgres::connect_read_only(&place.url, &[SCHEMA], &options).await.unwrap();
    assert_eq!(reading.leaves(0, 10).await.unwrap().len(), 1);
    let error = reading.commit(subject.batch(&[book(2)])).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Refused);
    assert!(reading.describe().starts_with("PostgreSQL 1"));
}

#[tokio::test]
async fn commits_are_durable_where_the_servers_default_is_not() {
    let Some(place) = on_server().await else { return println!("skipped") };
    let admin = administer(&place.url).await;
    let off = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$";
    admin.batch_execute(off).await.unwrap();
    let subject = Subject::open(&place).await;
    // a trigger sees what the session that writes has set
    let spy = "CREATE TABLE spied (setting text); \
        CREATE FUNCTION spy() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN INSERT INTO spied SELECT current_setting('synchronous_commit'); RETURN NEW; END $$; \
        CREATE TRIGGER spy AFTER INSERT ON ledger_record FOR EACH ROW EXECUTE FUNCTION spy()";
    admin.batch_execute(spy).await.unwrap();
    subject.done(&book(1)).await;
    let row = admin.query_one("SELECT setting FROM spied", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "on");
}

#[tokio::test]
async fn many_refusals_in_one_batch_are_each_found() {
    let Some(place) = on_server().await else { return println!("skipped") };
    let subject = Subject::open(&place).await;
    // every third is refused by its title, every fifth by its key, and some bring nothing to refuse
    let units: Vec<Unit> = (0..200)
        .map(|number| match number {
            0 => book(0),
            _ if number % 15 == 7 => unit(|_| ()),
            _ if number % 3 == 0 => {
                let book = Book { title: "title 0".to_owned(), ..Book::new(number) };
                unit(|unit| unit.put(&book, State::Absent))
            }
            _ if number % 5 == 0 => unit(|unit| {
                unit.put(&Book::new(1000 + number), State::Absent);
                unit.put(&Book::new(0), State::Absent.or("key"));
            }),
            _ => book(number),
        })
        .collect();
    let outcomes = subject.commit_all(&units).await;
    let mut committed = 0;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let expected = match number {
            _ if number % 15 == 7 => None,
            0 => None,
            _ if number % 3 == 0 => Some("title_taken"),
            _ if number % 5 == 0 => Some("key"),
            _ => None,
        };
        if let Some(label) = expected {
            assert_eq!(outcome, UnitOutcome::Unmet(Some(label)), "unit {number}");
        } else {
            assert_eq!(stamp(outcome).sequence, committed, "unit {number}");
            committed += 1;
        }
    }
    subject.settle().await;
    assert_eq!(subject.database.head().await.unwrap().size, committed);
}

#[tokio::test]
async fn a_dropped_commit_leaves_nothing_half_done() {
    let Some(place) = on_server().await else { return println!("skipped") };
    let subject = Subject::open(&place).await;
    subject.done(&book(0)).await;
    for number in 1..20 {
        let batch: Batch = subject.batch(&[book(number), book(100 + number)]);
        let mut commit = subject.database.commit(batch);
        // given up after so many polls, wherever it then is
        for _ in 0..number {
            let poll = std::future::poll_fn(|context| std::task::Poll::Ready(commit.as_mut().poll(context)));
            if poll.await.is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(commit);
    }
    subject.done(&book(50)).await;
    subject.settle().await;
    let rows = subject.rows::<Book>().await;
    let has = |id: i64| rows.iter().any(|row| row.values[0] == Value::Int(id));
    for number in 1..20 {
        assert_eq!(has(number), has(100 + number), "batch {number} is whole or absent");
    }
    let pairs = (rows.len() as u64 - 2) / 2;
    assert_eq!(subject.database.head().await.unwrap().size, 2 + 2 * pairs);
    drop(place.open(&[SCHEMA]).await.unwrap());
}

/// Needs a server with a certificate: `STRONGROOM_TEST_POSTGRES_TLS_URL` names a database of its own on it, with
/// `sslmode=require` and the `sslrootcert` that fits.
#[tokio::test]
async fn it_is_reached_by_tls_and_only_with_the_right_root() {
    let Ok(url) = std::env::var("STRONGROOM_TEST_POSTGRES_TLS_URL") else { return println!("skipped") };
    let options = PostgresOptions::default();
    let database = Postgres::connect(&url, &[], &options).await.unwrap();
    let snapshot = database.snapshot().await.unwrap();
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(ask(snapshot.as_ref(), encrypted, &[], &[Kind::Bool]).await, [[Value::Bool(true)]]);
    let (without_root, _) = url.split_once("&sslrootcert=").expect("the URL ends with sslrootcert");
    let error = Postgres::connect(without_root, &[], &options).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable);
}
