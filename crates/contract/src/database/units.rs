//! Units in batches: each whole or not at all, in order.

use strongroom_kernel::{
    Row as _, State, Unit, Value,
    ports::{Batch, Note, UnitOutcome},
};

use super::{
    place::{Place, Subject, stamp, unit},
    tables::{Book, Page},
};

fn id(number: i64) -> Vec<Value> {
    vec![Value::Int(number)]
}

fn book(number: i64) -> Unit {
    unit(|unit| unit.put(&Book::new(number), State::Absent))
}

/// A refusal at any operation undoes the unit and nothing else.
pub async fn a_refused_unit_is_undone_whole_while_its_neighbours_commit(place: &dyn Place) {
    let subject = Subject::open(place).await;
    stamp(subject.commit(&book(1)).await);
    let refused = unit(|unit| {
        unit.put(&Book::new(10), State::Absent);
        unit.bump::<Book>(id(1), "copies", 1, (0, 99));
        unit.remove::<Book>(id(1), State::Present);
        unit.put(&Page::new(1, None), State::Absent);
        unit.emit("suite_happened", "1", "never");
        unit.put(&Book { title: "title 3".to_owned(), ..Book::new(11) }, State::Absent);
    });
    let late = unit(|unit| {
        unit.put(&Book::new(12), State::Absent);
        unit.require::<Book>(id(13), State::Present);
    });
    let outcomes = subject.commit_all(&[book(2), book(3), refused, late, book(4)]).await;
    assert_eq!(outcomes[2], UnitOutcome::Unmet(Some("title_taken")));
    assert_eq!(outcomes[3], UnitOutcome::Unmet(None));
    let sequences: Vec<u64> = [0, 1, 4].map(|place| stamp(outcomes[place].clone()).sequence).to_vec();
    assert!(sequences.is_sorted());
    let ids: Vec<Value> = subject.rows::<Book>().await.into_iter().map(|row| row.values[0].clone()).collect();
    assert_eq!(ids, [1, 2, 3, 4].map(Value::Int));
    assert_eq!(subject.find::<Book>(&id(1)).await, Some(Book::new(1)));
    assert_eq!(subject.rows::<Page>().await, []);
    subject.settle().await;
    assert_eq!(subject.database.head().await.unwrap().size, 4);
    assert_eq!(subject.database.events("suite_happened", 0, 10).await.unwrap(), []);
}

/// Units of a batch see those before them.
pub async fn a_later_unit_sees_an_earlier_one_of_its_batch(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let bump = unit(|unit| unit.bump::<Book>(id(1), "copies", 1, (0, 12)));
    let remove = unit(|unit| unit.remove::<Book>(id(1), State::Present));
    let outcomes =
        subject.commit_all(&[bump.clone(), book(1), bump.clone(), bump.clone(), bump, remove, book(1)]).await;
    let committed: Vec<bool> =
        outcomes.iter().map(|outcome| matches!(outcome, UnitOutcome::Committed(_))).collect();
    assert_eq!(committed, [false, true, true, true, false, true, true]);
    assert_eq!(subject.find::<Book>(&id(1)).await, Some(Book::new(1)));
}

/// Of two units that want the same, the first gets it.
pub async fn of_units_that_want_the_same_row_one_wins(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let first = stamp(subject.commit(&book(1)).await);
    let change = |copies| {
        unit(|unit| unit.put(&Book { copies, ..Book::new(1) }, State::Version(first.sequence).or("stale")))
    };
    let outcomes = subject.commit_all(&[change(5), change(6), book(2), book(2)]).await;
    stamp(outcomes[0].clone());
    assert_eq!(outcomes[1], UnitOutcome::Unmet(Some("stale")));
    stamp(outcomes[2].clone());
    assert_eq!(outcomes[3], UnitOutcome::Unmet(None));
    assert_eq!(subject.find::<Book>(&id(1)).await.map(|book| book.copies), Some(5));
}

/// A large batch is answered in order, refusals in between.
pub async fn a_batch_of_a_thousand_units_is_answered_in_order(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let units: Vec<Unit> = (0..1000).map(|number| book(if number % 10 == 9 { 0 } else { number })).collect();
    let outcomes = subject.commit_all(&units).await;
    assert_eq!(outcomes.len(), 1000);
    let mut last = None;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        if number % 10 == 9 {
            assert_eq!(outcome, UnitOutcome::Unmet(None));
            continue;
        }
        let sequence = stamp(outcome).sequence;
        assert!(last < Some(sequence));
        last = Some(sequence);
        let key = id(i64::try_from(number).unwrap());
        let expected = i64::try_from(sequence).unwrap() * 1024;
        if number % 97 == 0 {
            assert_eq!(subject.marks(Book::TABLE, &key).await, (expected, sequence));
        }
    }
    assert_eq!(subject.database.count_rows(Book::TABLE).await.unwrap(), 900);
}

/// A unit with the most rows there may be.
pub async fn a_unit_of_a_thousand_rows_is_whole(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let large = |refused: bool| {
        unit(|unit| {
            for number in 0..999 {
                unit.put(&Book::new(number), State::Absent);
            }
            unit.put(&Book::new(if refused { 0 } else { 999 }), State::Absent);
        })
    };
    assert_eq!(subject.commit(&large(true)).await, UnitOutcome::Unmet(None));
    assert_eq!(subject.database.count_rows(Book::TABLE).await.unwrap(), 0);
    stamp(subject.commit(&large(false)).await);
    assert_eq!(subject.database.count_rows(Book::TABLE).await.unwrap(), 1000);
}

/// Batches without units, and without anything.
pub async fn notes_are_written_replaced_and_removed(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let note =
        |key: &str, value: Option<&[u8]>| Note { key: key.to_owned(), value: value.map(<[u8]>::to_vec) };
    let write = async |notes: Vec<Note>| {
        let batch = Batch { notes, ..subject.batch(&[]) };
        assert_eq!(subject.database.commit(batch).await.unwrap(), []);
    };
    write(Vec::new()).await;
    assert_eq!(subject.database.note("a").await.unwrap(), None);
    write(vec![note("a", Some(b"1")), note("b", Some(b"")), note("c", None)]).await;
    assert_eq!(subject.database.note("a").await.unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(subject.database.note("b").await.unwrap().as_deref(), Some(&b""[..]));
    let listed = async |after: &str, limit: usize| {
        let notes = subject.database.notes(after, limit).await.unwrap();
        notes.into_iter().map(|(name, value)| (name, value.len())).collect::<Vec<_>>()
    };
    assert_eq!(listed("", 10).await, [("a".to_owned(), 1), ("b".to_owned(), 0)]);
    assert_eq!(listed("", 1).await, [("a".to_owned(), 1)]);
    assert_eq!(listed("a", 10).await, [("b".to_owned(), 0)]);
    assert_eq!(listed("b", 10).await, []);
    write(vec![note("a", Some(b"2")), note("b", None)]).await;
    assert_eq!(subject.database.note("a").await.unwrap().as_deref(), Some(&b"2"[..]));
    assert_eq!(subject.database.note("b").await.unwrap(), None);
    subject.settle().await;
    assert_eq!(subject.database.head().await.unwrap().size, 0);
}
