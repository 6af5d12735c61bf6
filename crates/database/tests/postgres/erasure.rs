//! Nothing that was erased is left in any file of the server's data directory but its own log.

use std::collections::BTreeSet;

use bytes::Bytes;
use strongroom_contract::database::{Subject, tables::Book, unit};
use strongroom_kernel::{
    Row as _, State, Value,
    ports::{ContentKey, Erasure},
};
use strongroom_model::{Caller, Digest, Domain};
use tokio_postgres::Client;

use super::{OnServer, administer, on_server};

const MARKER: &str = "Zenobia-Quixley-4712-in-postgres";
/// A value that is not personal: records keep it, and nothing else.
const PLAIN: &str = "The-Lighthouse-8126-in-postgres";

/// Files of this database, and those all share, that have the bytes; read by the server itself.
const SEARCH: &str = "WITH RECURSIVE tree (path, isdir) AS ( \
        SELECT folder, true FROM unnest(ARRAY['global', 'pg_stat', 'pg_logical', 'pg_xact', 'pg_twophase', 'base/' || \
            (SELECT oid FROM pg_database WHERE datname = current_database())]) AS folder \
        UNION ALL \
        SELECT tree.path || '/' || name, (pg_stat_file(tree.path || '/' || name, true)).isdir \
        FROM tree, LATERAL pg_ls_dir(tree.path, true, false) AS name WHERE tree.isdir) \
    SELECT path FROM tree WHERE isdir = false \
        AND position($1 IN pg_read_binary_file(path, 0, 1000000000, true)) > 0";

async fn files_with(client: &Client, bytes: &[u8]) -> Vec<String> {
    client.batch_execute("CHECKPOINT").await.expect("the test's user may have pages written");
    let rows = client.query(SEARCH, &[&bytes]).await.expect("the server searches its files");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn nothing_that_was_erased_is_left_in_the_servers_files() {
    let Some(place) = on_server().await else { return println!("skipped") };
    let subject = Subject::open(&place).await;
    let client = administer(&place.url).await;
    let domain = Domain::new("suite", "erasure").unwrap();
    let bytes = Bytes::from(format!("content of {MARKER}").repeat(40));
    let book = |id: i64| Book { title: format!("{PLAIN} {id}"), ..Book::new(id) };
    for id in 0..30 {
        let mut unit = unit(|unit| {
            unit.blob(&domain, bytes.clone());
            unit.put(&book(id), State::Absent);
            unit.emit("erased_topic", "k", format!("payload of {MARKER}"));
        });
        unit.caller = Caller::account(MARKER);
        subject.done(&unit).await;
    }
    subject.settle().await;
    // what the planner knows of values is a copy too
    client.batch_execute("ANALYZE").await.unwrap();
    assert!(files_with(&client, MARKER.as_bytes()).await.len() >= 3, "openings, content, events");
    assert!(files_with(&client, PLAIN.as_bytes()).await.len() > 3, "rows, index, statistics, records");
    let salts: Vec<Vec<u8>> = subject
        .database
        .records(0, 100)
        .await
        .unwrap()
        .iter()
        .map(|record| record.openings[10..40].to_vec())
        .collect();
    assert_eq!(files_with(&client, &salts[7]).await.len(), 1);
    let records = subject.database.records(0, 100).await.unwrap();
    let erasure = Erasure {
        openings: records.iter().map(|record| (record.sequence, b"[null,null]".to_vec())).collect(),
        events: (0..30).map(|offset| ("erased_topic".to_owned(), offset)).collect(),
    };
    for id in 0..30 {
        subject.done(&unit(|unit| unit.remove::<Book>(vec![Value::Int(id)], State::Present))).await;
    }
    let key = ContentKey { domain, digest: Digest::of(&bytes) };
    assert!(subject.database.forget_content(&key).await.unwrap());
    subject.database.erase(erasure).await.unwrap();
    assert!(
        !files_with(&client, MARKER.as_bytes()).await.is_empty(),
        "without more the server keeps old rows"
    );
    let caveats = subject.database.clear_files(&[Book::TABLE]).await.unwrap();
    assert_eq!(caveats.len(), 1, "{caveats:?}");
    assert!(caveats[0].contains("write-ahead log"));
    assert_eq!(files_with(&client, MARKER.as_bytes()).await, [] as [String; 0]);
    assert_eq!(files_with(&client, PLAIN.as_bytes()).await.len(), 1, "records keep what is not personal");
    assert_eq!(files_with(&client, key.digest.as_bytes()).await, [] as [String; 0]);
    for salt in salts {
        assert_eq!(files_with(&client, &salt).await, [] as [String; 0]);
    }
}

/// Waits until the server was asked three times by the database of `place` who still sees old rows.
async fn somebody_asks_again(client: &Client, place: &OnServer) {
    let asked = "SELECT query_start::text FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid() \
        AND query LIKE '%pg_replication_slots%'";
    let mut times = BTreeSet::new();
    while times.len() < 3 {
        let rows = client.query(asked, &[&place.name]).await.expect("the server tells of its sessions");
        times.extend(rows.iter().map(|row| row.get::<_, String>(0)));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_transaction_of_another_database_is_waited_for() {
    let Some(place) = on_server().await else { return println!("skipped") };
    let Some(other) = on_server().await else { return println!("skipped") };
    let subject = Subject::open(&place).await;
    let client = administer(&place.url).await;
    let mut neighbour = administer(&other.url).await;
    let transaction = neighbour.transaction().await.unwrap();
    transaction.query_one("SELECT pg_current_xact_id()::text", &[]).await.unwrap();
    let book = Book { title: MARKER.to_owned(), ..Book::new(1) };
    subject.done(&unit(|unit| unit.put(&book, State::Absent))).await;
    subject.done(&unit(|unit| unit.remove::<Book>(vec![Value::Int(1)], State::Present))).await;
    subject.settle().await;
    subject
        .database
        .erase(Erasure { openings: vec![(0, b"[null,null]".to_vec())], events: Vec::new() })
        .await
        .unwrap();
    let mut clearing = Box::pin(subject.database.clear_files(&[Book::TABLE]));
    let caveats = tokio::select! {
        caveats = &mut clearing => caveats,
        () = somebody_asks_again(&client, &place) => {
            transaction.commit().await.unwrap();
            clearing.await
        }
    };
    assert_eq!(caveats.unwrap().len(), 1);
    let left: i64 = client
        .query_one("SELECT pg_relation_size($1::text::regclass)", &[&Book::TABLE.name])
        .await
        .unwrap()
        .get(0);
    assert_eq!(left, 0, "no page is kept for rows nobody may see any more");
}
