//! Snapshots and queries: one instant, and the same answer to the same SQL on every database.

use strongroom_kernel::{
    Kind, State, TextList, Uuid, Value,
    ports::{PortErrorKind, Query, Reach},
};

use super::{
    place::{Place, Subject, ask, unit},
    tables::{Book, Page, Sample},
};

async fn ids(subject: &Subject, sql: &str, params: &[Value]) -> Vec<i64> {
    let rows = subject.query(sql, params, &[Kind::Int]).await;
    rows.into_iter()
        .map(|row| if let Value::Int(id) = row[0] { id } else { panic!("{row:?} is not an integer") })
        .collect()
}

/// A snapshot goes on seeing what it first saw.
pub async fn a_snapshot_sees_one_instant(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let count = "SELECT COUNT(*) FROM suite_book";
    let add = async |id: i64| subject.done(&unit(|unit| unit.put(&Book::new(id), State::Absent))).await;
    add(1).await;
    let early = subject.database.snapshot().await.unwrap();
    assert_eq!(ask(early.as_ref(), count, &[], &[Kind::Int]).await, [[Value::Int(1)]]);
    add(2).await;
    let late = subject.database.snapshot().await.unwrap();
    assert_eq!(ask(late.as_ref(), count, &[], &[Kind::Int]).await, [[Value::Int(2)]]);
    assert_eq!(ask(early.as_ref(), count, &[], &[Kind::Int]).await, [[Value::Int(1)]]);
    drop((early, late));
    assert_eq!(subject.query(count, &[], &[Kind::Int]).await, [[Value::Int(2)]]);
}

/// More snapshots than connections: everyone is served in turn.
pub async fn snapshots_are_given_back(place: &dyn Place) {
    let subject = Subject::open(place).await;
    for _ in 0..100 {
        let snapshot = subject.database.snapshot().await.unwrap();
        ask(snapshot.as_ref(), "SELECT COUNT(*) FROM suite_book", &[], &[Kind::Int]).await;
    }
}

/// Conditions, order, limits and paging.
pub async fn ordinary_sql_answers_alike(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let fill = unit(|unit| {
        for (id, title) in [(1, "b"), (2, "B"), (3, "a"), (4, "ä"), (5, "a b"), (6, "aa")] {
            let title = title.to_owned();
            unit.put(&Book { title, copies: id % 3, ..Book::new(id) }, State::Absent);
        }
    });
    subject.done(&fill).await;
    // text is compared byte by byte
    assert_eq!(ids(&subject, "SELECT id FROM suite_book ORDER BY title", &[]).await, [2, 3, 5, 6, 1, 4]);
    let page = "SELECT id FROM suite_book WHERE (copies, id) > ($1, $2) ORDER BY copies, id LIMIT $3";
    let from = [Value::Int(0), Value::Int(3), Value::Int(3)];
    assert_eq!(ids(&subject, page, &from).await, [6, 1, 4]);
    let offset = "SELECT id FROM suite_book WHERE id <> $1 ORDER BY row_order DESC LIMIT $2 OFFSET $3";
    let skip = [Value::Int(5), Value::Int(2), Value::Int(1)];
    assert_eq!(ids(&subject, offset, &skip).await, [4, 3]);
    // a parameter may stand in any order, and more than once
    let twice = "SELECT id FROM suite_book WHERE title = $2 OR id = $1 OR title = $2 ORDER BY id";
    assert_eq!(ids(&subject, twice, &[Value::Int(6), Value::Text("ä".to_owned())]).await, [4, 6]);
    let groups =
        "SELECT copies, COUNT(*) FROM suite_book WHERE title <> '$1' GROUP BY copies ORDER BY copies";
    let counted = subject.query(groups, &[], &[Kind::Int, Kind::Int]).await;
    assert_eq!(counted, [0, 1, 2].map(|copies| [Value::Int(copies), Value::Int(2)]));
}

/// Every kind as a parameter, in a condition on its own column.
pub async fn every_kind_may_be_asked_for(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let one = Sample::full(Uuid::from_u128(1), 41);
    subject
        .done(&unit(|unit| {
            unit.put(&one, State::Absent);
            unit.put(&Sample::full(Uuid::from_u128(2), 42), State::Absent);
            unit.put(&Sample::empty(Uuid::from_u128(3)), State::Absent);
        }))
        .await;
    let table = <Sample as strongroom_kernel::Row>::TABLE;
    let values = strongroom_kernel::Row::values(&one);
    for (column, value) in table.columns.iter().zip(&values) {
        let sql = format!("SELECT id, {0} FROM suite_sample WHERE {0} = $1", column.name);
        let found = subject.query(&sql, std::slice::from_ref(value), &[Kind::Id, column.kind]).await;
        assert_eq!(found, [[Value::Id(one.id), value.clone()]], "{}", column.name);
        if column.nullable {
            let sql = format!("SELECT id FROM suite_sample WHERE {} IS NULL", column.name);
            assert_eq!(subject.query(&sql, &[], &[Kind::Id]).await, [[Value::Id(Uuid::from_u128(3))]]);
        }
    }
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let kinds: Vec<Kind> = table.columns.iter().map(|column| column.kind).collect();
    let sql = format!("SELECT {} FROM suite_sample WHERE id = $1", columns.join(", "));
    assert_eq!(subject.query(&sql, &[Value::Id(one.id)], &kinds).await, [values]);
}

/// A list contains just its members.
pub async fn lists_are_searched_by_needle(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let lists: [&[&str]; 5] = [&["a", "b,c"], &["ab"], &["a\",\"b"], &[], &["b", "é%_'\\"]];
    subject
        .done(&unit(|unit| {
            for (number, list) in (1u128..).zip(lists) {
                let list = TextList(list.iter().map(|member| (*member).to_owned()).collect());
                unit.put(
                    &Sample { list: Some(list), ..Sample::empty(Uuid::from_u128(number)) },
                    State::Absent,
                );
            }
        }))
        .await;
    for (member, holders) in
        [("a", vec![1]), ("b", vec![5]), ("b,c", vec![1]), ("é%_'\\", vec![5]), ("c", vec![])]
    {
        let sql = "SELECT id FROM suite_sample WHERE instr(list, $1) > 0 ORDER BY id";
        let found = subject.query(sql, &[Value::Text(TextList::needle(member))], &[Kind::Id]).await;
        let expected: Vec<Vec<Value>> =
            holders.into_iter().map(|holder| vec![Value::Id(Uuid::from_u128(holder))]).collect();
        assert_eq!(found, expected, "{member}");
    }
}

/// Rows of several tables, some without a partner.
pub async fn tables_are_joined(place: &dyn Place) {
    let subject = Subject::open(place).await;
    subject
        .done(&unit(|unit| {
            unit.put(&Book::new(1), State::Absent);
            unit.put(&Book::new(2), State::Absent);
            unit.put(&Page::new(1, None), State::Absent);
            unit.put(&Page::new(2, None), State::Absent);
        }))
        .await;
    let sql = "SELECT suite_book.id, suite_page.number FROM suite_book \
        LEFT JOIN suite_page ON suite_page.book = suite_book.id ORDER BY suite_book.id, suite_page.number";
    let rows = subject.query(sql, &[], &[Kind::Int, Kind::Int]).await;
    let number = Value::Int;
    assert_eq!(rows, [[number(1), number(1)], [number(1), number(2)], [number(2), Value::Null]]);
}

/// Wrong queries are refused, and the snapshot of others goes on.
pub async fn wrong_queries_are_refused(place: &dyn Place) {
    let subject = Subject::open(place).await;
    subject.done(&unit(|unit| unit.put(&Book::new(1), State::Absent))).await;
    let cases: [(&str, &[Value], &[Kind], PortErrorKind); 5] = [
        ("SELEKT 1", &[], &[Kind::Int], PortErrorKind::Refused),
        ("SELECT id FROM suite_nothing", &[], &[Kind::Int], PortErrorKind::Refused),
        ("SELECT id FROM suite_book WHERE id = $1", &[], &[Kind::Int], PortErrorKind::Refused),
        ("SELECT id FROM suite_book", &[], &[Kind::Int, Kind::Int], PortErrorKind::Refused),
        ("SELECT title FROM suite_book", &[], &[Kind::Int], PortErrorKind::Corrupt),
    ];
    for (sql, params, columns, kind) in cases {
        for reach in [Reach::Point, Reach::Scan] {
            let snapshot = subject.database.snapshot().await.unwrap();
            let error = snapshot.query(Query { sql, params, columns, reach }).await.unwrap_err();
            assert_eq!(error.kind, kind, "{sql}: {error}");
        }
    }
    let write = "DELETE FROM suite_book RETURNING id";
    let snapshot = subject.database.snapshot().await.unwrap();
    let query = Query { sql: write, params: &[], columns: &[Kind::Int], reach: Reach::Point };
    assert!(snapshot.query(query).await.is_err(), "a snapshot is for reading");
    drop(snapshot);
    assert_eq!(ids(&subject, "SELECT id FROM suite_book", &[]).await, [1]);
}
