//! Row operations: what each does, what it expects, and how a refusal is named.

use strongroom_kernel::{Operation, Row as _, State, Unit, Uuid, Value, ports::UnitOutcome};

use super::{
    place::{Place, Subject, stamp, unit},
    tables::{Book, Page, Sample},
};

const REFUSED: UnitOutcome = UnitOutcome::Unmet(None);

fn id(number: i64) -> Vec<Value> {
    vec![Value::Int(number)]
}

fn book(number: i64) -> Unit {
    unit(|unit| unit.put(&Book::new(number), State::Absent))
}

fn bump(number: i64, by: i64, bounds: (i64, i64), label: Option<&'static str>) -> Unit {
    let (table, key) = (Book::TABLE, id(number));
    unit(|unit| unit.operations.push(Operation::Bump { table, key, column: "copies", by, bounds, label }))
}

/// Every kind of value comes back as it went in, null included.
pub async fn values_of_every_kind_come_back_as_they_went_in(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let samples = [
        Sample::full(Uuid::from_u128(1), -5),
        Sample::full(Uuid::from_u128(u128::MAX), 9_007_199_254_740_991),
        Sample::empty(Uuid::from_u128(7)),
        Sample {
            words: Some(String::new()),
            data: Some(Vec::new()),
            list: Some(strongroom_kernel::TextList(vec![String::new(), "\u{1}\u{1F600}',\"$1".to_owned()])),
            json: Some(strongroom_kernel::Json(" \"\\u0000\" ".to_owned())),
            at: Some(strongroom_model::Timestamp::MAX),
            ..Sample::empty(Uuid::from_u128(8))
        },
        Sample {
            words: Some("é\u{301}\u{10FFFF}'\"\\%_".repeat(20_000)),
            data: Some((0..=255).cycle().take(1 << 20).collect()),
            at: Some(strongroom_model::Timestamp::MIN),
            ..Sample::empty(Uuid::from_u128(9))
        },
    ];
    for sample in &samples {
        subject.done(&unit(|unit| unit.put(sample, State::Absent))).await;
    }
    for sample in &samples {
        let found: Option<Sample> = subject.find(&[Value::Id(sample.id)]).await;
        assert!(found.as_ref() == Some(sample), "{} came back otherwise", sample.id);
    }
}

/// `Absent` on a put.
pub async fn put_absent_adds_a_row_once(place: &dyn Place) {
    let subject = Subject::open(place).await;
    subject.done(&book(1)).await;
    assert_eq!(subject.commit(&book(1)).await, REFUSED);
    let labelled = unit(|unit| unit.put(&Book::new(1), State::Absent.or("duplicate")));
    assert_eq!(subject.commit(&labelled).await, UnitOutcome::Unmet(Some("duplicate")));
    assert_eq!(subject.rows::<Book>().await.len(), 1);
}

/// `Present` and `Version` on a put.
pub async fn put_present_and_version_replace_only_what_is_there(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let changed = Book { copies: 3, ..Book::new(1) };
    let put = |state: State| unit(|unit| unit.put(&changed, state));
    assert_eq!(subject.commit(&put(State::Present)).await, REFUSED);
    assert_eq!(subject.commit(&put(State::Version(0))).await, REFUSED);
    let first = subject.done(&book(1)).await;
    assert_eq!(subject.commit(&put(State::Version(first.sequence + 1))).await, REFUSED);
    let second = subject.done(&put(State::Version(first.sequence))).await;
    assert_eq!(subject.find::<Book>(&id(1)).await, Some(changed.clone()));
    assert_eq!(subject.commit(&put(State::Version(first.sequence))).await, REFUSED);
    subject.done(&put(State::Version(second.sequence))).await;
    let again = Book { copies: 4, ..changed.clone() };
    subject.done(&unit(|unit| unit.put(&again, State::Present))).await;
    assert_eq!(subject.find::<Book>(&id(1)).await, Some(again));
    let labelled = unit(|unit| unit.put(&Book::new(2), State::Version(0).or("gone")));
    assert_eq!(subject.commit(&labelled).await, UnitOutcome::Unmet(Some("gone")));
}

/// `Any` on a put.
pub async fn put_any_adds_and_replaces(place: &dyn Place) {
    let subject = Subject::open(place).await;
    for copies in [1, 2, 3] {
        let book = Book { copies, ..Book::new(1) };
        subject.done(&unit(|unit| unit.put(&book, State::Any))).await;
        assert_eq!(subject.find::<Book>(&id(1)).await, Some(book));
    }
    assert_eq!(subject.rows::<Book>().await.len(), 1);
}

/// All four expectations on a removal.
pub async fn remove_heeds_its_expectation(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let remove = |state: State| unit(|unit| unit.remove::<Book>(id(1), state.or("kept")));
    let kept = UnitOutcome::Unmet(Some("kept"));
    assert_eq!(subject.commit(&remove(State::Present)).await, kept);
    assert_eq!(subject.commit(&remove(State::Version(0))).await, kept);
    subject.done(&remove(State::Any)).await;
    subject.done(&remove(State::Absent)).await;
    let first = subject.done(&book(1)).await;
    assert_eq!(subject.commit(&remove(State::Absent)).await, kept);
    assert_eq!(subject.commit(&remove(State::Version(first.sequence + 1))).await, kept);
    assert_eq!(subject.rows::<Book>().await.len(), 1);
    subject.done(&remove(State::Version(first.sequence))).await;
    assert_eq!(subject.rows::<Book>().await, []);
    for state in [State::Present, State::Any] {
        subject.done(&book(1)).await;
        subject.done(&remove(state)).await;
        assert_eq!(subject.rows::<Book>().await, []);
    }
}

/// All four expectations as a condition.
pub async fn require_heeds_its_expectation_and_writes_nothing(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let require = |state: State| unit(|unit| unit.require::<Book>(id(1), state.or("no")));
    let no = UnitOutcome::Unmet(Some("no"));
    subject.done(&require(State::Absent)).await;
    subject.done(&require(State::Any)).await;
    assert_eq!(subject.commit(&require(State::Present)).await, no);
    assert_eq!(subject.commit(&require(State::Version(0))).await, no);
    let first = subject.done(&book(1)).await;
    subject.done(&require(State::Present)).await;
    subject.done(&require(State::Any)).await;
    subject.done(&require(State::Version(first.sequence))).await;
    assert_eq!(subject.commit(&require(State::Absent)).await, no);
    assert_eq!(subject.commit(&require(State::Version(first.sequence + 1))).await, no);
    assert_eq!(subject.marks(Book::TABLE, &id(1)).await.1, first.sequence);
}

/// Bounds of a bump, both inclusive.
pub async fn bump_stays_within_its_bounds(place: &dyn Place) {
    let subject = Subject::open(place).await;
    subject.done(&book(1)).await;
    let copies = async || subject.find::<Book>(&id(1)).await.map(|book| book.copies);
    subject.done(&bump(1, 5, (0, 15), None)).await;
    assert_eq!(copies().await, Some(15));
    assert_eq!(subject.commit(&bump(1, 1, (0, 15), Some("quota"))).await, UnitOutcome::Unmet(Some("quota")));
    subject.done(&bump(1, -15, (0, 15), None)).await;
    assert_eq!(subject.commit(&bump(1, -1, (0, 15), None)).await, REFUSED);
    assert_eq!(copies().await, Some(0));
    let last = subject.done(&bump(1, 0, (i64::MIN, i64::MAX), None)).await;
    assert_eq!(subject.marks(Book::TABLE, &id(1)).await.1, last.sequence);
}

/// A bump never leaves the integers that JSON carries exactly, whatever its bounds allow.
pub async fn bump_never_leaves_the_safe_integers(place: &dyn Place) {
    let subject = Subject::open(place).await;
    subject.done(&book(1)).await;
    let everything = (i64::MIN, i64::MAX);
    let greatest = 9_007_199_254_740_991;
    for by in [i64::MAX, i64::MIN, greatest - 9] {
        assert_eq!(
            subject.commit(&bump(1, by, everything, Some("range"))).await,
            UnitOutcome::Unmet(Some("range"))
        );
    }
    subject.done(&bump(1, greatest - 10, everything, None)).await;
    subject.done(&bump(1, -2 * greatest, everything, None)).await;
    assert_eq!(subject.find::<Book>(&id(1)).await.map(|book| book.copies), Some(-greatest));
}

/// There is nothing to bump where there is no row, or null.
pub async fn bump_of_nothing_is_unmet(place: &dyn Place) {
    let subject = Subject::open(place).await;
    assert_eq!(subject.commit(&bump(1, 1, (0, 9), Some("absent"))).await, UnitOutcome::Unmet(Some("absent")));
    let sample = Sample::empty(Uuid::from_u128(1));
    subject.done(&unit(|unit| unit.put(&sample, State::Absent))).await;
    let bump = unit(|unit| unit.bump::<Sample>(vec![Value::Id(sample.id)], "number", 1, (0, 9)));
    assert_eq!(subject.commit(&bump).await, REFUSED);
}

/// Unique constraints on puts of every expectation.
pub async fn unique_constraints_answer_with_their_label(place: &dyn Place) {
    let subject = Subject::open(place).await;
    subject.done(&book(1)).await;
    subject.done(&book(2)).await;
    let title = UnitOutcome::Unmet(Some("title_taken"));
    let shelf = UnitOutcome::Unmet(Some("place_taken"));
    let put = |book: &Book, state: State| unit(|unit| unit.put(book, state.or("key")));
    let same_title = |id: i64| Book { title: "title 1".to_owned(), ..Book::new(id) };
    let same_place = |id: i64| Book { place: 1, ..Book::new(id) };
    for state in [State::Absent, State::Any] {
        assert_eq!(subject.commit(&put(&same_title(3), state)).await, title);
        assert_eq!(subject.commit(&put(&same_place(3), state)).await, shelf);
    }
    for state in [State::Present, State::Any, State::Version(1)] {
        assert_eq!(subject.commit(&put(&same_title(2), state)).await, title);
        assert_eq!(subject.commit(&put(&same_place(2), state)).await, shelf);
    }
    let other_shelf = Book { shelf: "B".to_owned(), place: 1, ..Book::new(3) };
    subject.done(&put(&other_shelf, State::Absent)).await;
}

/// The key's own label is heard even where another constraint is broken too.
pub async fn a_taken_key_goes_before_other_constraints(place: &dyn Place) {
    let subject = Subject::open(place).await;
    subject.done(&book(1)).await;
    subject.done(&book(2)).await;
    for taken in [Book::new(1), Book { title: "title 2".to_owned(), ..Book::new(1) }] {
        let again = unit(|unit| unit.put(&taken, State::Absent.or("duplicate")));
        assert_eq!(subject.commit(&again).await, UnitOutcome::Unmet(Some("duplicate")));
    }
}

/// Row order is given once, row version at every write.
pub async fn rows_keep_their_order_and_tell_their_version(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let order = |stamp: &strongroom_kernel::ports::Stamp, place: i64| {
        i64::try_from(stamp.sequence).expect("sequences are small in tests") * 1024 + place
    };
    let first = subject
        .done(&unit(|unit| {
            unit.put(&Book::new(1), State::Absent);
            // a condition takes no place: records leave it out
            unit.require::<Book>(id(9), State::Absent);
            unit.put(&Book::new(2), State::Any);
            unit.put(&Page::new(1, None), State::Absent);
        }))
        .await;
    assert_eq!(subject.marks(Book::TABLE, &id(1)).await, (order(&first, 0), first.sequence));
    assert_eq!(subject.marks(Book::TABLE, &id(2)).await, (order(&first, 1), first.sequence));
    let page = [Value::Int(1), Value::Int(1)];
    assert_eq!(subject.marks(Page::TABLE, &page).await, (order(&first, 2), first.sequence));
    for state in [State::Any, State::Present] {
        let again = subject.done(&unit(|unit| unit.put(&Book::new(1), state))).await;
        assert_eq!(subject.marks(Book::TABLE, &id(1)).await, (order(&first, 0), again.sequence));
    }
    let anew = subject
        .done(&unit(|unit| {
            unit.remove::<Book>(id(1), State::Present);
            unit.put(&Book::new(1), State::Absent);
        }))
        .await;
    assert_eq!(subject.marks(Book::TABLE, &id(1)).await, (order(&anew, 1), anew.sequence));
    let sequences: Vec<i64> = subject.rows::<Book>().await.iter().map(|row| row.order).collect();
    assert_eq!(sequences, [order(&first, 1), order(&anew, 1)]);
}

/// Operations of one unit see what came before them in it.
pub async fn operations_of_a_unit_follow_each_other(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let unit = unit(|unit| {
        unit.put(&Book::new(1), State::Absent);
        unit.require::<Book>(id(1), State::Present);
        unit.bump::<Book>(id(1), "copies", 1, (0, 99));
        unit.put(&Book { copies: 50, ..Book::new(1) }, State::Present);
        unit.bump::<Book>(id(1), "copies", 1, (0, 99));
        unit.put(&Book::new(2), State::Absent);
        unit.remove::<Book>(id(2), State::Present);
        unit.require::<Book>(id(2), State::Absent);
    });
    stamp(subject.commit(&unit).await);
    assert_eq!(subject.find::<Book>(&id(1)).await.map(|book| book.copies), Some(51));
    assert_eq!(subject.find::<Book>(&id(2)).await, None);
}
