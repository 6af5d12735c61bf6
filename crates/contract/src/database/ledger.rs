//! Records and leaves: one per unit, at one index each.

use strongroom_kernel::{
    State, Unit, UnitResult,
    ports::{Batch, PAGE_BYTES, UnitOutcome},
};
use strongroom_model::Timestamp;

use super::{
    place::{Place, Subject, stamp, time, unit},
    tables::Book,
};

/// What was committed stands at its index, byte for byte.
pub async fn leaves_and_records_are_what_was_committed(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let head = subject.database.head().await.unwrap();
    assert_eq!((head.size, head.time), (0, Timestamp::UNIX_EPOCH));
    assert_eq!(subject.database.leaves(0, 10).await.unwrap(), Vec::<Vec<u8>>::new());

    let refusal = unit(|unit| unit.result = UnitResult::Refused("no"));
    let batch = Batch { time: time(5_000_000), ..subject.batch(&[unit(|_| ()), refusal, unit(|_| ())]) };
    let prepared = batch.units.clone();
    let stamps: Vec<_> = subject.database.commit(batch).await.unwrap().into_iter().map(stamp).collect();
    // there before it has an index
    for (unit, stamp) in prepared.iter().zip(&stamps) {
        let record = subject.database.record(stamp.sequence).await.unwrap().unwrap();
        assert_eq!((record.sequence, &record.leaf), (stamp.sequence, &stamp.leaf));
        assert_eq!(record.canonical, unit.record.canonical);
    }
    assert_eq!(subject.database.record(stamps[2].sequence + 1).await.unwrap(), None);
    assert_eq!(subject.database.record(u64::MAX).await.unwrap(), None);
    subject.settle().await;

    let head = subject.database.head().await.unwrap();
    assert_eq!((head.size, head.time), (3, time(5_000_000)));
    let leaves = subject.database.leaves(0, 10).await.unwrap();
    let records = subject.database.records(0, 10).await.unwrap();
    assert_eq!((leaves.len(), records.len()), (3, 3));
    for (index, (unit, stamp)) in prepared.iter().zip(&stamps).enumerate() {
        let record = &records[index];
        assert_eq!(stamp.leaf, unit.leaf(time(5_000_000)));
        assert_eq!((&leaves[index], &record.leaf), (&stamp.leaf, &stamp.leaf));
        assert_eq!((record.index, record.sequence), (index as u64, stamp.sequence));
        assert!(stamp.index.is_none_or(|index| index == record.index && index == record.sequence));
        assert_eq!(record.nonce, unit.record.nonce);
        assert_eq!(record.canonical, unit.record.canonical);
        assert_eq!(record.openings, unit.record.openings);
        assert_eq!(subject.database.record(stamp.sequence).await.unwrap().as_ref(), Some(record));
    }
}

/// A page of long records ends early, and what follows begins there.
pub async fn pages_of_long_records_end_early(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let long = "x".repeat(PAGE_BYTES / 3);
    let units: Vec<Unit> = (0..5)
        .map(|_| {
            unit(|unit| {
                unit.about("text", &long);
            })
        })
        .collect();
    subject.commit_all(&units).await;
    subject.settle().await;
    for (from, limit, expected) in [(0, 10, 0..3), (3, 10, 3..5), (0, 2, 0..2), (5, 10, 5..5)] {
        let records = subject.database.records(from, limit).await.unwrap();
        let indexes: Vec<u64> = records.iter().map(|record| record.index).collect();
        assert_eq!(indexes, expected.collect::<Vec<u64>>(), "{limit} from {from}");
    }
}

/// A page begins where it is told, and ends at its limit or at the head.
pub async fn pages_of_the_ledger_begin_and_end_where_they_should(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let units: Vec<Unit> = (0..7).map(|_| unit(|_| ())).collect();
    let leaves: Vec<_> =
        subject.commit_all(&units).await.into_iter().map(|outcome| stamp(outcome).leaf).collect();
    subject.settle().await;
    assert_eq!(subject.database.leaves(2, 3).await.unwrap(), leaves[2..5]);
    assert_eq!(subject.database.leaves(5, 100).await.unwrap(), leaves[5..]);
    assert_eq!(subject.database.leaves(7, 100).await.unwrap(), Vec::<Vec<u8>>::new());
    assert_eq!(subject.database.leaves(u64::MAX, 1).await.unwrap(), Vec::<Vec<u8>>::new());
    let indexes: Vec<u64> =
        subject.database.records(4, 2).await.unwrap().iter().map(|record| record.index).collect();
    assert_eq!(indexes, [4, 5]);
}

/// Indexes have no gap, whatever was refused in between, over many batches.
pub async fn refused_units_leave_no_gap_in_the_ledger(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let mut leaves = Vec::new();
    for number in 0..5 {
        let good = unit(|unit| unit.put(&Book::new(number), State::Absent));
        let bad = unit(|unit| {
            unit.put(&Book::new(100 + number), State::Absent);
            unit.put(&Book::new(number), State::Absent);
        });
        for outcome in subject.commit_all(&[good.clone(), bad.clone(), unit(|_| ()), bad, good]).await {
            if let UnitOutcome::Committed(stamp) = outcome {
                leaves.push(stamp.leaf);
            }
        }
        if number == 2 {
            subject.settle().await;
        }
    }
    subject.settle().await;
    assert_eq!(leaves.len(), 10);
    assert_eq!(subject.database.head().await.unwrap().size, leaves.len() as u64);
    assert_eq!(subject.database.leaves(0, 100).await.unwrap(), leaves);
}

/// Asking twice gives nothing more.
pub async fn sequencing_ends(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let units: Vec<Unit> = (0..5).map(|_| unit(|_| ())).collect();
    subject.commit_all(&units).await;
    let mut given = 0;
    loop {
        let more = subject.database.sequence(2).await.unwrap();
        assert!(more <= 2);
        given += more;
        if more == 0 {
            break;
        }
    }
    assert!(given == 0 || given == 5, "an adapter gives indexes at commit or here");
    assert_eq!(subject.database.head().await.unwrap().size, 5);
}
