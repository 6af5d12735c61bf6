//! Small content that a database keeps itself, and the objects it is moved to. Databases beside packs have none.

use bytes::Bytes;
use strongroom_kernel::{
    State, Unit, Value,
    ports::{
        ContentKey, ObjectPosition, ObjectState, PackMove, PackObject, PackPosition, Packing,
        Place as ContentPlace, PortErrorKind,
    },
};
use strongroom_model::Digest;

use super::{
    place::{Place, Subject, time, unit},
    tables::{Page, domain},
};

fn key(content: &[u8]) -> ContentKey {
    ContentKey { domain: domain("a"), digest: Digest::of(content) }
}

fn page_with(number: i64, content: &[u8]) -> Unit {
    unit(|unit| {
        let picture = unit.blob(&domain("a"), Bytes::copy_from_slice(content));
        unit.put(&Page::new(number, Some(picture)), State::Any);
    })
}

/// The side of the database; `None` where small content goes to packs, and there is nothing to be held to.
fn packing(subject: &Subject) -> Option<&dyn Packing> {
    subject.database.packing()
}

/// Writes pages 1, 2, … with these contents.
async fn write(subject: &Subject, contents: &[&[u8]]) {
    for (number, content) in (1..).zip(contents) {
        subject.done(&page_with(number, content)).await;
    }
}

/// Begins an object that holds `contents` one behind the other, and says how they get there from `from`.
async fn begin(
    packing: &dyn Packing,
    contents: &[&[u8]],
    from: impl Fn(&ContentKey) -> ContentPlace,
) -> (PackObject, Vec<PackMove>) {
    let number = packing.next_object().await.unwrap();
    let mut offset = 32;
    let mut moves = Vec::new();
    for content in contents {
        let length = u32::try_from(content.len()).unwrap();
        let key = key(content);
        let from = from(&key);
        moves.push(PackMove { key, from, to: PackPosition { pack: number, offset, length } });
        offset += 48 + u64::from(length);
    }
    let payload = contents.iter().map(|content| content.len() as u64).sum();
    let digest = Digest::of(&number.to_le_bytes());
    let object = PackObject { number, digest, size: offset, payload, live: 0, state: ObjectState::Begun };
    packing.begin_object(&object).await.unwrap();
    (object, moves)
}

async fn object(packing: &dyn Packing, number: u32) -> Option<PackObject> {
    packing.objects(None, 100).await.unwrap().into_iter().find(|object| object.number == number)
}

fn waits(_: &ContentKey) -> ContentPlace {
    ContentPlace::Database
}

/// What waits is counted and read in pages, in the order of keys; empty content does not wait.
pub async fn waiting_content_is_read_in_pages(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let Some(packing) = packing(&subject) else { return };
    assert_eq!(packing.waiting().await.unwrap().contents, 0);
    write(&subject, &[b"one", b"", b"three", b"seven"]).await;
    let waiting = packing.waiting().await.unwrap();
    assert_eq!((waiting.contents, waiting.bytes), (3, 13));
    let mut expected = [&b"one"[..], b"three", b"seven"].map(|content| (key(content), content.to_vec()));
    expected.sort();
    let mut found = Vec::new();
    loop {
        let after = found.last().map(|(key, _): &(ContentKey, Vec<u8>)| key.clone());
        let page = packing.waiting_contents(after.as_ref(), 2).await.unwrap();
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        found.extend(page.into_iter().map(|(key, bytes)| (key, bytes.to_vec())));
    }
    assert_eq!(found, expected);
}

/// Contents are in the object in the same step in which their bytes leave the database.
pub async fn a_filled_object_holds_what_was_moved(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let Some(packing) = packing(&subject) else { return };
    write(&subject, &[b"one", b"three"]).await;
    let (begun, moves) = begin(packing, &[b"one", b"three"], waits).await;
    assert_eq!(object(packing, begun.number).await, Some(begun));
    assert!(packing.knows_object(&begun.digest).await.unwrap());
    assert!(!packing.knows_object(&Digest::of(b"another")).await.unwrap());
    let again = packing.begin_object(&begun).await.unwrap_err();
    assert_eq!(again.kind, PortErrorKind::Conflict);
    assert_eq!(packing.fill_object(begun.number, &moves[..1]).await.unwrap(), (1, 3));
    assert_eq!(packing.waiting().await.unwrap().contents, 1);
    assert_eq!(packing.fill_object(begun.number, &moves).await.unwrap(), (1, 5));
    let filled = PackObject { live: 8, state: ObjectState::Filled, ..begun };
    assert_eq!(object(packing, begun.number).await, Some(filled));
    for one in &moves {
        let entry = subject.database.content(&one.key).await.unwrap().unwrap();
        let position = ObjectPosition { object: begun.digest, at: one.to };
        assert_eq!((entry.place, entry.references), (ContentPlace::Object(position), 1));
        let left = subject.database.small_content(&one.key).await.unwrap_err();
        assert_eq!(left.kind, PortErrorKind::Missing);
    }
    let packed = packing.packed_contents(begun.number).await.unwrap();
    let keys: Vec<_> = packed.iter().map(|entry| &entry.key).collect();
    assert_eq!(keys, [&moves[0].key, &moves[1].key]);
    // content that is there already is not stored again
    subject.done(&page_with(9, b"one")).await;
    assert_eq!(packing.waiting().await.unwrap().contents, 0);
}

/// Contents go from one object to another; what is where it was not said to be stays there.
pub async fn only_what_is_where_it_was_taken_from_is_moved(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let Some(packing) = packing(&subject) else { return };
    write(&subject, &[b"one", b"three"]).await;
    let (first, moves) = begin(packing, &[b"one", b"three", b"unknown"], waits).await;
    assert_eq!(packing.fill_object(first.number, &moves).await.unwrap(), (2, 8));
    let positions: Vec<_> = moves
        .iter()
        .map(|one| (one.key.clone(), ObjectPosition { object: first.digest, at: one.to }))
        .collect();
    let from =
        |key: &ContentKey| ContentPlace::Object(positions.iter().find(|(known, _)| known == key).unwrap().1);
    let (second, again) = begin(packing, &[b"one"], from).await;
    assert_eq!(packing.fill_object(second.number, &again).await.unwrap(), (1, 3));
    assert_eq!(object(packing, first.number).await.unwrap().live, 5);
    assert_eq!(object(packing, second.number).await.unwrap().live, 3);
    // neither in the first object any more, nor in the database
    for from in [again[0].from, ContentPlace::Database] {
        let (third, moves) = begin(packing, &[b"one"], |_| from).await;
        assert_eq!(packing.fill_object(third.number, &moves).await.unwrap(), (0, 0));
    }
    assert_eq!(object(packing, second.number).await.unwrap().live, 3);
    let wrong = PackMove { from: ContentPlace::Store, ..again[0].clone() };
    assert_eq!(packing.fill_object(second.number, &[wrong]).await.unwrap_err().kind, PortErrorKind::Refused);
}

/// A content that is forgotten is dead in its object; an object is condemned when nothing is in it, and only then.
pub async fn an_object_is_condemned_when_it_is_empty(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let Some(packing) = packing(&subject) else { return };
    write(&subject, &[b"one", b"three"]).await;
    let (filled, moves) = begin(packing, &[b"one", b"three"], waits).await;
    packing.fill_object(filled.number, &moves).await.unwrap();
    let (begun, _) = begin(packing, &[b"never"], waits).await;
    assert_eq!(packing.condemn_objects(time(5)).await.unwrap(), 1);
    let condemned = object(packing, begun.number).await.unwrap();
    assert_eq!(condemned.state, ObjectState::Condemned(time(5)));
    let refused = packing.fill_object(begun.number, &moves).await.unwrap_err();
    assert_eq!(refused.kind, PortErrorKind::Missing);
    // one that is not condemned is not forgotten
    packing.forget_object(filled.number).await.unwrap();
    packing.forget_object(begun.number).await.unwrap();
    packing.forget_object(begun.number).await.unwrap();
    assert_eq!(object(packing, begun.number).await, None);
    for (number, content, live) in [(1, &b"one"[..], 5), (2, b"three", 0)] {
        let remove = unit(|unit| unit.remove::<Page>(vec![Value::Int(1), Value::Int(number)], State::Any));
        subject.done(&remove).await;
        assert_eq!(packing.condemn_objects(time(6)).await.unwrap(), 0);
        assert!(subject.database.forget_content(&key(content)).await.unwrap());
        assert_eq!(object(packing, filled.number).await.unwrap().live, live);
    }
    assert_eq!(packing.condemn_objects(time(7)).await.unwrap(), 1);
    packing.forget_object(filled.number).await.unwrap();
    assert_eq!(packing.objects(None, 10).await.unwrap(), []);
}

/// Objects are listed in the order of their numbers, which are never given twice, also when opened again.
pub async fn objects_are_listed_in_pages_and_numbers_are_given_once(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let mut numbers = Vec::new();
    if let Some(packing) = packing(&subject) {
        for _ in 0..5 {
            numbers.push(begin(packing, &[b"x"], waits).await.0.number);
        }
        let first = packing.objects(None, 2).await.unwrap();
        let rest = packing.objects(Some(first[1].number), 10).await.unwrap();
        let listed: Vec<u32> = first.iter().chain(&rest).map(|object| object.number).collect();
        assert_eq!(listed, numbers);
        assert!(numbers.is_sorted() && first.len() == 2);
        packing.condemn_objects(time(1)).await.unwrap();
        for number in &numbers {
            packing.forget_object(*number).await.unwrap();
        }
    }
    drop(subject);
    let subject = Subject::open(place).await;
    if let Some(packing) = packing(&subject) {
        let next = packing.next_object().await.unwrap();
        assert!(numbers.iter().all(|number| *number < next));
    }
}
