//! The index of terms: what adapters keep of it, and what the kernel makes of it on them.

use std::collections::BTreeSet;

use strongroom_kernel::{
    Unit,
    index::{Indexer, TermKind, find, forget, rebuild},
    ports::{Database, RunState, StoredRecord, TermBlock, TermChange, TermRun},
    verify::Silent,
};
use strongroom_model::Caller;

use super::place::{Place, Subject, unit};

/// Nobody asks for more leaves than this.
const MANY: usize = 10_000;

fn run(number: u64, first: u64, end: u64, state: RunState) -> TermRun {
    TermRun { number, first, end, state }
}

fn block(first: u8, entries: &[u8]) -> TermBlock {
    TermBlock { first: vec![first; 24], entries: entries.to_vec() }
}

/// A unit of `caller` about thing number `thing`.
fn about(caller: &str, thing: u64) -> Unit {
    let mut unit = Unit { caller: Caller::account(caller), ..unit(|_| ()) };
    unit.about("thing", format!("thing {thing}"));
    unit
}

/// `count` units in the ledger: of kat, but every seventh of jo, about ten things in turn.
async fn filled(place: &dyn Place, count: u64) -> Subject {
    let subject = Subject::open(place).await;
    let units: Vec<Unit> = (0..count).map(|n| about(if n % 7 == 0 { "jo" } else { "kat" }, n % 10)).collect();
    for units in units.chunks(500) {
        subject.commit_all(units).await;
    }
    subject.settle().await;
    subject
}

/// Indexes everything in steps of `step` leaves, tidying in between.
async fn index(database: &dyn Database, step: u64) -> Indexer {
    let size = database.head().await.unwrap().size;
    let mut indexer = Indexer::default();
    let mut end = 0;
    while end < size {
        end = (end + step).min(size);
        indexer.append(database, end).await.unwrap();
        while indexer.tidy(database).await.unwrap() {}
    }
    assert_eq!(indexer.covered(database).await.unwrap(), size);
    indexer
}

async fn leaves_of(database: &dyn Database, kind: TermKind, name: &str) -> Vec<u64> {
    // nothing behind the index is read: what is found was found by it
    find(database, kind, name, 0..u64::MAX, MANY, 0).await.unwrap().leaves
}

/// The catalogue and its blocks are kept, replaced and removed in one step.
pub async fn runs_and_blocks_come_back_as_they_were_written(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let database = &subject.database;
    assert_eq!(database.term_runs().await.unwrap(), []);
    let change = TermChange {
        runs: vec![run(4, 10, 20, RunState::Building), run(3, 0, 10, RunState::Live)],
        blocks: vec![(3, block(1, b"a")), (3, block(2, &[0; 9_000])), (4, block(1, b"c"))],
        ..TermChange::default()
    };
    database.change_terms(change).await.unwrap();
    let runs = database.term_runs().await.unwrap();
    assert_eq!(runs, [run(3, 0, 10, RunState::Live), run(4, 10, 20, RunState::Building)]);
    assert_eq!(database.term_blocks(3, &[], 9).await.unwrap(), [block(1, b"a"), block(2, &[0; 9_000])]);
    let change = TermChange {
        remove: vec![(3, vec![1; 24])],
        drop: vec![4],
        runs: vec![run(3, 0, 10, RunState::Retired)],
        blocks: vec![(3, block(2, b"d"))],
    };
    database.change_terms(change).await.unwrap();
    assert_eq!(database.term_runs().await.unwrap(), [run(3, 0, 10, RunState::Retired)]);
    assert_eq!(database.term_blocks(3, &[], 9).await.unwrap(), [block(2, b"d")]);
    assert_eq!(database.term_blocks(4, &[], 9).await.unwrap(), []);
}

/// Reading begins with the last block that begins at or before the key.
pub async fn blocks_are_read_from_the_one_that_holds_a_key(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let blocks = (1..=5).map(|first| (1, block(first * 10, &[first]))).collect();
    subject.database.change_terms(TermChange { blocks, ..TermChange::default() }).await.unwrap();
    let from = async |first: u8, limit| {
        let blocks = subject.database.term_blocks(1, &[first; 24], limit).await.unwrap();
        blocks.iter().map(|block| block.first[0]).collect::<Vec<_>>()
    };
    assert_eq!(from(5, 2).await, [10, 20]);
    assert_eq!(from(20, 2).await, [20, 30]);
    assert_eq!(from(29, 2).await, [20, 30]);
    assert_eq!(from(200, 2).await, [50]);
}

/// The index agrees with the records, however it was built.
pub async fn a_name_is_found_in_every_leaf_that_gives_it_and_in_no_other(place: &dyn Place) {
    let subject = filled(place, 1_000).await;
    let database = subject.database.as_ref();
    index(database, 13).await;
    let jo: Vec<u64> = (0..1_000).filter(|n| n % 7 == 0).collect();
    let thing: Vec<u64> = (0..1_000).filter(|n| n % 10 == 3).collect();
    assert_eq!(leaves_of(database, TermKind::Caller, "jo").await, jo);
    assert_eq!(leaves_of(database, TermKind::Subject, "thing 3").await, thing);
    assert_eq!(leaves_of(database, TermKind::Subject, "jo").await, Vec::<u64>::new());
    assert_eq!(leaves_of(database, TermKind::Object, "thing 3").await, Vec::<u64>::new());
    let runs = database.term_runs().await.unwrap();
    assert!(runs.len() < 20 && runs.iter().all(|run| run.state == RunState::Live), "{runs:?}");
}

/// Pages join without gap or repetition, within a range, and behind the index.
pub async fn a_search_goes_on_where_it_ended(place: &dyn Place) {
    let subject = filled(place, 300).await;
    let database = subject.database.as_ref();
    let mut indexer = Indexer::default();
    indexer.append(database, 200).await.unwrap();
    let expected: Vec<u64> = (50..290).filter(|n| n % 7 != 0).collect();
    let (mut found, mut from, mut pages) = (Vec::new(), 50, 0);
    loop {
        let page = find(database, TermKind::Caller, "kat", from..290, 17, 40).await.unwrap();
        assert!(page.leaves.len() <= 17);
        found.extend(page.leaves);
        pages += 1;
        match page.next {
            Some(next) => from = next,
            None => break,
        }
    }
    assert_eq!(found, expected);
    assert!(pages >= expected.len() / 17, "{pages}");
}

/// What rebuilding makes finds what was found before.
pub async fn the_index_made_again_finds_the_same(place: &dyn Place) {
    let subject = filled(place, 200).await;
    let database = subject.database.as_ref();
    index(database, 50).await;
    let before = leaves_of(database, TermKind::Caller, "jo").await;
    rebuild(database, &Silent).await.unwrap();
    assert_eq!(leaves_of(database, TermKind::Caller, "jo").await, before);
    assert!(!before.is_empty());
}

/// Entries of erased names leave the index; those of other leaves and names stay.
pub async fn erased_names_are_found_nowhere(place: &dyn Place) {
    let subject = filled(place, 400).await;
    let database = subject.database.as_ref();
    let mut indexer = index(database, 30).await;
    let records = database.records(0, 400).await.unwrap();
    let erased: Vec<(StoredRecord, StoredRecord)> = records
        .into_iter()
        .filter(|record| record.index % 7 == 0 && record.index != 14)
        .map(|record| (record.clone(), StoredRecord { openings: b"[null]".to_vec(), ..record }))
        .collect();
    assert_eq!(forget(database, &mut indexer, &erased).await.unwrap(), erased.len() as u64);
    assert_eq!(forget(database, &mut indexer, &erased).await.unwrap(), 0);
    assert_eq!(leaves_of(database, TermKind::Caller, "jo").await, [14]);
    let thing: Vec<u64> = (0..400).filter(|n| n % 10 == 7).collect();
    assert_eq!(leaves_of(database, TermKind::Subject, "thing 7").await, thing);
    let kat: BTreeSet<u64> = leaves_of(database, TermKind::Caller, "kat").await.into_iter().collect();
    assert_eq!(kat, (0..400).filter(|n| n % 7 != 0).collect());
}

/// A run whose writing was cut off is never read, and goes; so does one that was replaced.
pub async fn what_a_crash_left_half_written_is_dropped(place: &dyn Place) {
    let subject = filled(place, 100).await;
    let database = subject.database.as_ref();
    drop(index(database, 100).await);
    let left = TermChange {
        runs: vec![run(70, 0, 100, RunState::Building), run(71, 0, 50, RunState::Retired)],
        blocks: vec![(70, block(1, b"not a block")), (71, block(1, b"neither"))],
        ..TermChange::default()
    };
    database.change_terms(left).await.unwrap();
    let expected: Vec<u64> = (0..100).filter(|n| n % 7 == 0).collect();
    assert_eq!(leaves_of(database, TermKind::Caller, "jo").await, expected);
    let mut indexer = Indexer::default();
    while indexer.tidy(database).await.unwrap() {}
    assert_eq!(database.term_runs().await.unwrap().len(), 1);
    assert_eq!(database.term_blocks(70, &[], 9).await.unwrap(), []);
    assert_eq!(leaves_of(database, TermKind::Caller, "jo").await, expected);
}
