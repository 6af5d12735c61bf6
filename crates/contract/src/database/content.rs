//! Content: where it is, who refers to it, and when nobody does any more.

use std::sync::Arc;

use bytes::Bytes;
use strongroom_kernel::{
    State, Unit, Value,
    ports::{Batch, ContentEntry, ContentKey, Packs, Place as ContentPlace, PortErrorKind, UnitOutcome},
    unit::LargeContent,
};
use strongroom_model::{Digest, Timestamp};

use super::{
    packs::MemoryPacks,
    place::{Place, Subject, stamp, time, unit},
    tables::{Book, Page, domain},
};

fn key(tenant: &str, content: &[u8]) -> ContentKey {
    ContentKey { domain: domain(tenant), digest: Digest::of(content) }
}

/// A unit that brings small content and puts a page that refers to it.
fn page_with(number: i64, content: &'static [u8]) -> Unit {
    unit(|unit| {
        let picture = unit.blob(&domain("a"), Bytes::from_static(content));
        unit.put(&Page::new(number, Some(picture)), State::Any);
    })
}

fn page_of(number: i64, picture: Option<&[u8]>) -> Unit {
    unit(|unit| unit.put(&Page::new(number, picture.map(Digest::of)), State::Any))
}

fn remove_page(number: i64) -> Unit {
    unit(|unit| unit.remove::<Page>(vec![Value::Int(1), Value::Int(number)], State::Any))
}

async fn entry(subject: &Subject, key: &ContentKey) -> Option<ContentEntry> {
    subject.database.content(key).await.unwrap()
}

async fn references(subject: &Subject, content: &[u8]) -> (u64, Option<Timestamp>) {
    let entry = entry(subject, &key("a", content)).await.expect("the content has an entry");
    (entry.references, entry.unreferenced_since)
}

/// Equal content goes to the packs once per domain, in one call per batch.
pub async fn small_content_is_appended_to_packs_once(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let memory = Arc::new(MemoryPacks::default());
    let packs: Arc<dyn Packs> = Arc::<MemoryPacks>::clone(&memory);
    let elsewhere = unit(|unit| {
        unit.blob(&domain("b"), Bytes::from_static(b"one"));
    });
    let units = [page_with(1, b"one"), page_with(2, b"two"), page_with(3, b"one"), elsewhere];
    let batch = Batch { packs: Some(Arc::clone(&packs)), ..subject.batch(&units) };
    assert_eq!(subject.database.pack_end().await.unwrap(), None);
    subject.database.commit(batch).await.unwrap();
    assert_eq!(memory.appended(), (3, 1));
    stamp(subject.commit_with(&packs, &page_with(4, b"two")).await.unwrap());
    assert_eq!(memory.appended(), (3, 1));

    for (tenant, content, count) in [("a", &b"one"[..], 2), ("a", b"two", 2), ("b", b"one", 0)] {
        let entry = entry(&subject, &key(tenant, content)).await.expect("the content has an entry");
        assert_eq!((entry.size, entry.references), (3, count));
        let ContentPlace::Pack(position) = entry.place else {
            panic!("it is not in a pack: {:?}", entry.place)
        };
        assert_eq!(&packs.read(position).unwrap()[..], content);
        if tenant == "b" {
            assert_eq!(subject.database.pack_end().await.unwrap(), Some(position));
        }
    }
}

/// Without packs, small content is kept in the database.
pub async fn small_content_without_packs_is_in_the_database(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let large = vec![7; 64 << 10];
    let digest = Digest::of(&large);
    let both = unit(|unit| {
        unit.blob(&domain("a"), Bytes::from(large.clone()));
        unit.blob(&domain("a"), Bytes::new());
        unit.put(&Page::new(1, Some(digest)), State::Absent);
    });
    subject.done(&both).await;
    subject.done(&page_with(2, b"")).await;
    let entry = entry(&subject, &key("a", &large)).await.expect("the content has an entry");
    assert_eq!((entry.place, entry.size, entry.references), (ContentPlace::Database, 64 << 10, 1));
    assert!(subject.database.small_content(&key("a", &large)).await.unwrap() == large);
    assert_eq!(subject.database.small_content(&key("a", b"")).await.unwrap(), b"");
    let missing = subject.database.small_content(&key("a", b"unknown")).await.unwrap_err();
    assert_eq!(missing.kind, PortErrorKind::Missing);
    assert_eq!(subject.database.pack_end().await.unwrap(), None);
}

/// Large content gets its entry with its unit.
pub async fn large_content_is_in_the_store(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let digest = Digest::of(b"huge");
    let large = |number: i64| {
        unit(|unit| {
            unit.large.push(LargeContent { domain: domain("a"), digest, size: 1 << 40 });
            unit.put(&Page::new(number, Some(digest)), State::Absent);
        })
    };
    subject.commit_all(&[large(1), large(2)]).await;
    let entry = entry(&subject, &key("a", b"huge")).await.expect("the content has an entry");
    assert_eq!((entry.place, entry.size, entry.references), (ContentPlace::Store, 1 << 40, 2));
    assert_eq!(subject.database.content(&key("b", b"huge")).await.unwrap(), None);
}

/// Rows that begin, change and cease to refer are counted.
pub async fn references_follow_rows(place: &dyn Place) {
    let subject = Subject::open(place).await;
    subject.commit_all(&[page_with(1, b"one"), page_with(2, b"two"), page_of(3, Some(b"one"))]).await;
    assert_eq!(references(&subject, b"one").await, (2, None));
    // the same again changes nothing, another or none drops one
    subject.done(&page_of(1, Some(b"one"))).await;
    assert_eq!(references(&subject, b"one").await, (2, None));
    subject.done(&page_of(1, Some(b"two"))).await;
    assert_eq!((references(&subject, b"one").await.0, references(&subject, b"two").await.0), (1, 2));
    let batch = subject.batch(&[page_of(3, None)]);
    let now = batch.time;
    subject.database.commit(batch).await.unwrap();
    assert_eq!(references(&subject, b"one").await, (0, Some(now)));
    // a removed row refers to nothing
    let batch = subject.batch(&[remove_page(1), remove_page(2), remove_page(3), remove_page(9)]);
    let now = batch.time;
    subject.database.commit(batch).await.unwrap();
    assert_eq!(references(&subject, b"two").await, (0, Some(now)));
    // a new reference saves it
    subject.done(&page_of(4, Some(b"two"))).await;
    assert_eq!(references(&subject, b"two").await, (1, None));
    // a unit that drops and adds leaves it referred to
    subject
        .done(&unit(|unit| {
            unit.remove::<Page>(vec![Value::Int(1), Value::Int(4)], State::Present);
            unit.put(&Page::new(5, Some(Digest::of(b"two"))), State::Absent);
        }))
        .await;
    assert_eq!(references(&subject, b"two").await, (1, None));
}

/// What a refused unit would have referred to is not counted.
pub async fn a_refused_unit_leaves_references_alone(place: &dyn Place) {
    let subject = Subject::open(place).await;
    subject.done(&page_with(1, b"one")).await;
    let refused = unit(|unit| {
        unit.put(&Page::new(2, Some(Digest::of(b"one"))), State::Absent);
        unit.remove::<Page>(vec![Value::Int(1), Value::Int(1)], State::Present);
        let new = unit.blob(&domain("a"), Bytes::from_static(b"new"));
        unit.put(&Page::new(3, Some(new)), State::Absent);
        unit.require::<Book>(vec![Value::Int(1)], State::Present);
    });
    let brings_it = page_with(4, b"new");
    let outcomes = subject.commit_all(&[refused.clone(), brings_it, refused]).await;
    assert_eq!((&outcomes[0], &outcomes[2]), (&UnitOutcome::Unmet(None), &UnitOutcome::Unmet(None)));
    assert_eq!(references(&subject, b"one").await, (1, None));
    assert_eq!(references(&subject, b"new").await, (1, None));
}

/// A row cannot refer to what nobody has.
pub async fn unknown_content_refuses_its_unit(place: &dyn Place) {
    let subject = Subject::open(place).await;
    subject.done(&page_with(1, b"one")).await;
    let other_domain = unit(|unit| {
        let page = Page { domain: domain("b"), ..Page::new(2, Some(Digest::of(b"one"))) };
        unit.put(&Book::new(1), State::Absent);
        unit.put(&page, State::Absent);
    });
    for unit in [page_of(2, Some(b"unknown")), other_domain] {
        assert_eq!(subject.commit(&unit).await, UnitOutcome::Unmet(Some("content")));
    }
    assert_eq!(subject.rows::<Page>().await.len(), 1);
    assert_eq!(subject.rows::<Book>().await, []);
}

/// Content nobody refers to is listed once it is old enough, and forgotten only while nobody does.
pub async fn only_unreferenced_content_is_forgotten(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let one = key("a", b"one");
    subject.done(&page_with(1, b"one")).await;
    assert!(!subject.database.forget_content(&one).await.unwrap());
    let batch = subject.batch(&[remove_page(1)]);
    let since = batch.time;
    subject.database.commit(batch).await.unwrap();
    let unreferenced = async |before: Timestamp| {
        let entries = subject.database.unreferenced(before, 10).await.unwrap();
        entries.into_iter().map(|entry| entry.key).collect::<Vec<_>>()
    };
    assert_eq!(unreferenced(since).await, []);
    let later = since.after(since);
    assert_eq!(unreferenced(later).await, std::slice::from_ref(&one));
    subject.done(&page_of(1, Some(b"one"))).await;
    assert_eq!(unreferenced(later).await, []);
    assert!(!subject.database.forget_content(&one).await.unwrap());
    subject.done(&remove_page(1)).await;
    assert!(subject.database.forget_content(&one).await.unwrap());
    assert_eq!(entry(&subject, &one).await, None);
    assert_eq!(subject.database.small_content(&one).await.unwrap_err().kind, PortErrorKind::Missing);
    assert!(!subject.database.forget_content(&one).await.unwrap());
    // it may come again
    subject.done(&page_with(1, b"one")).await;
    assert_eq!(references(&subject, b"one").await, (1, None));
    assert_eq!(subject.database.small_content(&one).await.unwrap(), b"one");
}

/// Entries come in pages, in the order of their keys.
pub async fn entries_are_listed_in_pages(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let mut keys = Vec::new();
    let unit = unit(|unit| {
        for (number, tenant) in ["b", "a", "", "ä", "a/b", "b", "A"].into_iter().enumerate() {
            let digest = unit.blob(&domain(tenant), Bytes::from(vec![u8::try_from(number).unwrap()]));
            keys.push(ContentKey { domain: domain(tenant), digest });
        }
    });
    subject.done(&unit).await;
    keys.sort();
    let mut listed: Vec<ContentKey> = Vec::new();
    loop {
        let page = subject.database.contents(listed.last(), 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        assert!(page.iter().all(|entry| entry.references == 0 && entry.unreferenced_since.is_some()));
        listed.extend(page.into_iter().map(|entry| entry.key));
    }
    assert_eq!(listed, keys);
    assert_eq!(subject.database.unreferenced(time(u64::MAX >> 20), 3).await.unwrap().len(), 3);
}

/// Positions never become durable before what they point to.
pub async fn a_failed_sync_fails_the_whole_batch(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let memory = Arc::new(MemoryPacks::default());
    let packs: Arc<dyn Packs> = Arc::<MemoryPacks>::clone(&memory);
    stamp(subject.commit_with(&packs, &page_with(1, b"one")).await.unwrap());
    let end = subject.database.pack_end().await.unwrap();
    memory.fail_next_sync();
    let book = unit(|unit| unit.put(&Book::new(1), State::Absent));
    let batch =
        Batch { packs: Some(Arc::clone(&packs)), ..subject.batch(&[book.clone(), page_with(2, b"two")]) };
    let error = subject.database.commit(batch).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert_eq!(subject.rows::<Book>().await, []);
    assert_eq!(entry(&subject, &key("a", b"two")).await, None);
    assert_eq!(subject.database.pack_end().await.unwrap(), end);
    // the next batch goes on as if nothing had been
    stamp(subject.commit(&book).await);
    stamp(subject.commit_with(&packs, &page_with(2, b"two")).await.unwrap());
    assert_eq!(references(&subject, b"two").await, (1, None));
    subject.settle().await;
    assert_eq!(subject.database.head().await.unwrap().size, 3);
}
