//! Replies kept under idempotency keys: one unit per key, until they expire.

use strongroom_kernel::{
    Row as _, State, Unit,
    ports::{Batch, IdempotentReply, Prepared, UnitOutcome},
};
use strongroom_model::Digest;

use super::{
    place::{Place, Subject, stamp, time, unit},
    tables::Book,
};

fn reply(key: &str, text: &str) -> IdempotentReply {
    IdempotentReply {
        scope: "tester POST /books".to_owned(),
        key: key.to_owned(),
        request: Digest::of(text.as_bytes()),
        reply: text.as_bytes().to_vec(),
        expires: time(9_000_000),
    }
}

fn with_reply(subject: &Subject, unit: &Unit, reply: &IdempotentReply) -> Prepared {
    Prepared { reply: Some(reply.clone()), ..subject.prepare(unit) }
}

fn book(number: i64) -> Unit {
    unit(|unit| unit.put(&Book::new(number), State::Absent.or("duplicate")))
}

/// The second unit under a key is not carried out, in the same batch and later.
pub async fn a_second_unit_under_a_key_is_repeated(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let (first, second) = (reply("k", "first"), reply("k", "second"));
    let units = vec![
        with_reply(&subject, &book(1), &first),
        with_reply(&subject, &book(2), &second),
        with_reply(&subject, &book(3), &reply("other", "third")),
    ];
    let batch = Batch { units, ..subject.batch(&[]) };
    let now = batch.time;
    let outcomes = subject.database.commit(batch).await.unwrap();
    stamp(outcomes[0].clone());
    assert_eq!(outcomes[1], UnitOutcome::Repeated);
    stamp(outcomes[2].clone());
    let later = Batch { units: vec![with_reply(&subject, &book(1), &second)], ..subject.batch(&[]) };
    assert_eq!(subject.database.commit(later).await.unwrap(), [UnitOutcome::Repeated]);
    assert_eq!(subject.database.count_rows(Book::TABLE).await.unwrap(), 2);
    assert_eq!(subject.database.idempotent_reply(&first.scope, "k", now).await.unwrap(), Some(first.clone()));
    let other = reply("other", "third");
    let listed =
        async |key: &str, limit: usize| subject.database.replies((&first.scope, key), limit).await.unwrap();
    assert_eq!(subject.database.replies(("", ""), 10).await.unwrap(), [first.clone(), other.clone()]);
    assert_eq!(listed("", 1).await, std::slice::from_ref(&first));
    assert_eq!(listed("k", 10).await, [other]);
    assert_eq!(listed("other", 10).await, []);
    assert_eq!(subject.database.idempotent_reply("elsewhere", "k", now).await.unwrap(), None);
    assert_eq!(subject.database.idempotent_reply(&first.scope, "K", now).await.unwrap(), None);
}

/// A refused unit keeps no reply, so that its key is free.
pub async fn a_refused_unit_keeps_no_reply(place: &dyn Place) {
    let subject = Subject::open(place).await;
    subject.done(&book(1)).await;
    let kept = reply("k", "kept");
    let refused = vec![with_reply(&subject, &book(1), &kept)];
    let batch = Batch { units: refused, ..subject.batch(&[]) };
    let now = batch.time;
    assert_eq!(subject.database.commit(batch).await.unwrap(), [UnitOutcome::Unmet(Some("duplicate"))]);
    assert_eq!(subject.database.idempotent_reply(&kept.scope, "k", now).await.unwrap(), None);
    let batch = Batch { units: vec![with_reply(&subject, &book(2), &kept)], ..subject.batch(&[]) };
    stamp(subject.database.commit(batch).await.unwrap().remove(0));
    assert_eq!(subject.database.idempotent_reply(&kept.scope, "k", now).await.unwrap(), Some(kept));
}

/// An expired reply is neither given nor in the way.
pub async fn an_expired_reply_is_forgotten(place: &dyn Place) {
    let subject = Subject::open(place).await;
    let first = reply("k", "first");
    let batch = Batch { units: vec![with_reply(&subject, &book(1), &first)], ..subject.batch(&[]) };
    stamp(subject.database.commit(batch).await.unwrap().remove(0));
    let find = async |at: u64| subject.database.idempotent_reply(&first.scope, "k", time(at)).await.unwrap();
    assert_eq!(find(8_999_999).await, Some(first.clone()));
    assert_eq!(find(9_000_000).await, None);
    let second = IdempotentReply { expires: time(19_000_000), ..reply("k", "second") };
    let units = vec![with_reply(&subject, &book(2), &second)];
    let batch = Batch { units, time: time(9_000_000), ..subject.batch(&[]) };
    stamp(subject.database.commit(batch).await.unwrap().remove(0));
    assert_eq!(find(9_000_001).await, Some(second));
}
