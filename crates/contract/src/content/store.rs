//! The suite of [`ContentStore`].

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a suite is test code: it panics where the port's document is not kept"
)]

use std::{collections::BTreeMap, fmt, sync::Arc};

use bytes::Bytes;
use futures::future::{BoxFuture, join_all};
use strongroom_kernel::ports::{ContentKey, ContentStore, PortErrorKind};
use strongroom_model::{Digest, Domain};

use super::{key, read_range, sample, store_all, store_in_pieces};

/// An empty store, and the means to open the same place anew.
pub struct StorePlace {
    /// The store under test.
    pub store: Arc<dyn ContentStore>,
    /// Opens the same place as a new process would. Keeps alive what the place needs.
    pub reopen: Box<dyn Fn() -> BoxFuture<'static, Arc<dyn ContentStore>> + Send + Sync>,
}

impl fmt::Debug for StorePlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StorePlace").field("store", &self.store).finish_non_exhaustive()
    }
}

/// Makes one test of each case. `$make` is an `async fn() -> Option<StorePlace>`; `None` skips.
#[macro_export]
macro_rules! content_store_tests {
    ($make:path) => {
        $crate::content_store_tests! { @cases $make;
            absent_content_is_absent_everywhere
            content_of_each_size_comes_back
            each_range_is_what_it_says
            a_range_past_the_end_is_short
            empty_content_is_there
            the_same_content_twice_is_kept_once
            equal_content_of_two_domains_is_two
            odd_tenants_are_told_apart
            discarded_content_leaves_nothing
            a_dropped_upload_leaves_nothing
            nothing_is_visible_before_it_is_kept
            removing_twice_is_removing_once
            listing_pages_through_all_domains
            concurrent_keeps_of_one_key_all_succeed
            a_reader_never_sees_half
            a_sweep_removes_what_the_dead_left_and_spares_the_living
            content_outlives_the_process
        }
    };
    (@cases $make:path; $($case:ident)*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            match $make().await {
                Some(place) => $crate::content::store::$case(&place).await,
                None => eprintln!("skipped"),
            }
        }
    )* };
}

/// Sizes around every border that matters: small content, pieces of 1 MiB, parts of 8 MiB.
const SIZES: [usize; 11] = [
    0,
    1,
    65_535,
    65_536,
    65_537,
    (1 << 20) - 1,
    1 << 20,
    (1 << 20) + 1,
    (8 << 20) - 1,
    8 << 20,
    (17 << 20) + 3,
];

async fn all_keys(store: &dyn ContentStore, page: usize) -> Vec<(ContentKey, u64)> {
    let mut all: Vec<(ContentKey, u64)> = Vec::new();
    loop {
        let last = all.last().map(|(key, _)| key.clone());
        let found = store.list(last.as_ref(), page).await.unwrap();
        assert!(found.len() <= page, "a page of {page} has {}", found.len());
        if found.is_empty() {
            return all;
        }
        all.extend(found);
    }
}

/// See its name.
pub async fn absent_content_is_absent_everywhere(place: &StorePlace) {
    let key = key("a", b"never stored");
    assert_eq!(place.store.size(&key).await.unwrap(), None);
    for range in [0..10, 0..0, 5..u64::MAX] {
        let error = read_range(&*place.store, &key, range).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Missing);
    }
    place.store.remove(&key).await.unwrap();
    assert_eq!(place.store.list(None, 10).await.unwrap(), []);
    assert_eq!(place.store.sweep_staged().await.unwrap(), 0);
}

/// See its name.
pub async fn content_of_each_size_comes_back(place: &StorePlace) {
    for size in SIZES {
        let content = sample(size, 1);
        for piece in [7 << 10, 1 << 20] {
            let key = key(&piece.to_string(), &content);
            store_in_pieces(&*place.store, &key, &content, piece).await.unwrap();
            assert_eq!(place.store.size(&key).await.unwrap(), Some(size as u64));
            let read = read_range(&*place.store, &key, 0..size as u64).await.unwrap();
            assert!(read == content, "{size} bytes in pieces of {piece}");
        }
    }
}

/// See its name.
pub async fn each_range_is_what_it_says(place: &StorePlace) {
    let content = sample((2 << 20) + 77, 2);
    let key = store_all(&*place.store, "a", &content).await;
    let mib = 1 << 20;
    for (start, end) in [
        (0, 1),
        (1, 1),
        (63, 65),
        (0, mib),
        (mib - 1, mib + 1),
        (mib, 2 * mib),
        (17, 2 * mib + 70),
        (2 * mib, 2 * mib + 77),
    ] {
        let read = read_range(&*place.store, &key, start as u64..end as u64).await.unwrap();
        assert!(read == content[start..end], "{start}..{end}");
    }
}

/// See its name.
pub async fn a_range_past_the_end_is_short(place: &StorePlace) {
    let content = sample(100, 3);
    let key = store_all(&*place.store, "a", &content).await;
    assert_eq!(read_range(&*place.store, &key, 90..200).await.unwrap(), content[90..]);
    assert_eq!(read_range(&*place.store, &key, 0..u64::MAX).await.unwrap(), content);
    for range in [100..200, 101..200, u64::MAX - 1..u64::MAX] {
        assert_eq!(read_range(&*place.store, &key, range).await.unwrap(), b"");
    }
}

/// See its name.
pub async fn empty_content_is_there(place: &StorePlace) {
    let key = store_all(&*place.store, "a", &Bytes::new()).await;
    assert_eq!(place.store.size(&key).await.unwrap(), Some(0));
    assert_eq!(read_range(&*place.store, &key, 0..0).await.unwrap(), b"");
    assert_eq!(read_range(&*place.store, &key, 0..10).await.unwrap(), b"");
    assert_eq!(place.store.list(None, 10).await.unwrap(), [(key, 0)]);
}

/// See its name.
pub async fn the_same_content_twice_is_kept_once(place: &StorePlace) {
    let content = sample(70_000, 4);
    let key = store_all(&*place.store, "a", &content).await;
    store_all(&*place.store, "a", &content).await;
    assert_eq!(place.store.list(None, 10).await.unwrap(), [(key.clone(), 70_000)]);
    assert_eq!(place.store.sweep_staged().await.unwrap(), 0);
    place.store.remove(&key).await.unwrap();
    assert_eq!(place.store.size(&key).await.unwrap(), None);
}

/// See its name.
pub async fn equal_content_of_two_domains_is_two(place: &StorePlace) {
    let content = sample(70_000, 5);
    let one = store_all(&*place.store, "one", &content).await;
    let two = store_all(&*place.store, "two", &content).await;
    place.store.remove(&one).await.unwrap();
    assert_eq!(place.store.size(&one).await.unwrap(), None);
    assert_eq!(read_range(&*place.store, &two, 0..70_000).await.unwrap(), content);
}

/// See its name.
pub async fn odd_tenants_are_told_apart(place: &StorePlace) {
    let long = "x".repeat(300);
    let longer = "日本語".repeat(100);
    let tenants = [
        "",
        ".",
        "..",
        "../x",
        "../../etc",
        "/absolute",
        "a/b",
        "a\\b",
        "%2e%2e",
        "a b\n",
        "ß",
        "SS",
        &long,
        &longer,
    ];
    let content = sample(100, 6);
    let mut expected = BTreeMap::new();
    for tenant in tenants {
        expected.insert(store_all(&*place.store, tenant, &content).await, 100);
    }
    assert_eq!(expected.len(), tenants.len());
    let listed: BTreeMap<_, _> = all_keys(&*(place.reopen)().await, 3).await.into_iter().collect();
    assert_eq!(listed, expected);
}

/// See its name.
pub async fn discarded_content_leaves_nothing(place: &StorePlace) {
    for size in [0, 100, 3 << 20] {
        let mut staged = place.store.stage().await.unwrap();
        staged.write(sample(size, 7)).await.unwrap();
        staged.discard().await;
    }
    assert_eq!(place.store.list(None, 10).await.unwrap(), []);
    assert_eq!((place.reopen)().await.sweep_staged().await.unwrap(), 0);
}

/// See its name.
pub async fn a_dropped_upload_leaves_nothing(place: &StorePlace) {
    for size in [0, 100, 3 << 20] {
        let mut staged = place.store.stage().await.unwrap();
        staged.write(sample(size, 8)).await.unwrap();
        drop(staged);
    }
    assert_eq!(place.store.list(None, 10).await.unwrap(), []);
    assert_eq!((place.reopen)().await.sweep_staged().await.unwrap(), 0);
}

/// See its name.
pub async fn nothing_is_visible_before_it_is_kept(place: &StorePlace) {
    let content = sample(9 << 20, 9);
    let key = key("a", &content);
    let mut staged = place.store.stage().await.unwrap();
    staged.write(content.clone()).await.unwrap();
    assert_eq!(place.store.size(&key).await.unwrap(), None);
    assert_eq!(place.store.list(None, 10).await.unwrap(), []);
    staged.keep(&key).await.unwrap();
    assert_eq!(place.store.size(&key).await.unwrap(), Some(9 << 20));
}

/// See its name.
pub async fn removing_twice_is_removing_once(place: &StorePlace) {
    let content = sample(100, 10);
    let key = store_all(&*place.store, "a", &content).await;
    place.store.remove(&key).await.unwrap();
    place.store.remove(&key).await.unwrap();
    assert_eq!(place.store.size(&key).await.unwrap(), None);
    assert_eq!(read_range(&*place.store, &key, 0..1).await.unwrap_err().kind, PortErrorKind::Missing);
    store_all(&*place.store, "a", &content).await;
    assert_eq!(read_range(&*place.store, &key, 0..100).await.unwrap(), content);
}

/// See its name.
pub async fn listing_pages_through_all_domains(place: &StorePlace) {
    let mut expected = BTreeMap::new();
    for tenant in ["a", "b", "c", ""] {
        for seed in 0..13 {
            let content = sample(seed * 10, 11);
            expected.insert(store_all(&*place.store, tenant, &content).await, seed as u64 * 10);
        }
    }
    for page in [1, 5, 52, 1000] {
        let listed = all_keys(&*place.store, page).await;
        assert_eq!(listed.len(), expected.len(), "pages of {page}");
        assert_eq!(listed.into_iter().collect::<BTreeMap<_, _>>(), expected);
    }
    assert_eq!(place.store.list(None, 0).await.unwrap(), []);
    // A key that is not there is a place in the order all the same.
    let all = all_keys(&*place.store, 1000).await;
    place.store.remove(&all[20].0).await.unwrap();
    let behind = place.store.list(Some(&all[20].0), 1000).await.unwrap();
    assert_eq!(behind, all[21..]);
    let absent = ContentKey { domain: Domain::new("test", "absent").unwrap(), digest: Digest::of(b"") };
    let behind = place.store.list(Some(&absent), 1000).await.unwrap();
    assert!(all_keys(&*place.store, 1000).await.ends_with(&behind));
}

/// See its name.
pub async fn concurrent_keeps_of_one_key_all_succeed(place: &StorePlace) {
    let content = sample(200_000, 12);
    let tasks = (0..16).map(|_| {
        let (store, content) = (Arc::clone(&place.store), content.clone());
        tokio::spawn(async move { store_all(&*store, "a", &content).await })
    });
    let keys: Vec<ContentKey> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(read_range(&*place.store, &keys[0], 0..200_000).await.unwrap(), content);
    assert_eq!(place.store.list(None, 10).await.unwrap(), [(keys[0].clone(), 200_000)]);
    assert_eq!(place.store.sweep_staged().await.unwrap(), 0);
}

/// See its name.
pub async fn a_reader_never_sees_half(place: &StorePlace) {
    let content = sample(3 << 20, 13);
    let key = key("a", &content);
    let writer = {
        let (store, key, content) = (Arc::clone(&place.store), key.clone(), content.clone());
        tokio::spawn(async move {
            for _ in 0..5 {
                store_in_pieces(&*store, &key, &content, 1 << 20).await.unwrap();
                store.remove(&key).await.unwrap();
            }
            store_in_pieces(&*store, &key, &content, 1 << 20).await.unwrap();
        })
    };
    loop {
        let last = writer.is_finished();
        match place.store.read(&key, 0..u64::MAX).await {
            Ok(pieces) => match futures::TryStreamExt::try_collect::<Vec<Bytes>>(pieces).await {
                Ok(pieces) => assert!(pieces.concat() == content, "a reader saw {} pieces", pieces.len()),
                // It was removed under the reader.
                Err(error) => assert!(!last, "{error:?}"),
            },
            Err(error) => assert!(!last && error.kind != PortErrorKind::Corrupt, "{error:?}"),
        }
        if last {
            break;
        }
    }
    writer.await.unwrap();
}

/// See its name.
pub async fn a_sweep_removes_what_the_dead_left_and_spares_the_living(place: &StorePlace) {
    let content = sample(3 << 20, 14);
    let mut dead = place.store.stage().await.unwrap();
    dead.write(content.clone()).await.unwrap();
    // As a killed process does.
    std::mem::forget(dead);
    let store = (place.reopen)().await;
    let mut living = store.stage().await.unwrap();
    living.write(content.clone()).await.unwrap();
    assert!(store.sweep_staged().await.unwrap() <= 1);
    assert_eq!(store.sweep_staged().await.unwrap(), 0);
    let key = key("a", &content);
    living.keep(&key).await.unwrap();
    assert!(read_range(&*store, &key, 0..u64::MAX).await.unwrap() == content);
}

/// See its name.
pub async fn content_outlives_the_process(place: &StorePlace) {
    let content = sample(70_000, 15);
    let key = store_all(&*place.store, "a", &content).await;
    let store = (place.reopen)().await;
    assert_eq!(read_range(&*store, &key, 0..70_000).await.unwrap(), content);
    assert_eq!(all_keys(&*store, 10).await, [(key, 70_000)]);
}
