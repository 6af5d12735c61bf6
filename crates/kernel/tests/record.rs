//! The canonical record: vectors that hold for ever, and what opening refuses.

use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use serde_json::Value as Json;
use strongroom_kernel::{
    Action, Expectation, Row as _, State, Table, TextList, Unit, Uuid, Value,
    ports::{PortErrorKind, Rng, StoredRecord},
    record::{OpenedOperation, encode_leaf, open, seal},
};
use strongroom_model::{Caller, Digest, Domain, Timestamp};

strongroom_kernel::table! {
    /// Every kind of column.
    #[derive(Debug, Clone, PartialEq)]
    struct Sample in "sample_item" {
        id: Uuid,
        flag: bool,
        count: i64 = counter,
        name: String,
        secret: Option<String> = personal,
        blob: Vec<u8>,
        taken: Timestamp,
        labels: TextList,
        body: strongroom_kernel::Json = personal,
        domain: Domain,
        digest: Option<Digest> = personal,
        nothing: Option<i64>,
    }
    key ["id"]
    unique "same_name": ["domain", "name"]
    content ("domain", "digest")
}

/// Counts up, so that every nonce and salt is known.
#[derive(Debug, Default)]
struct Counting(AtomicU8);

impl Rng for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

const SAVE: Action = Action { service: "sample", name: "save_item" };

fn sample() -> Sample {
    Sample {
        id: Uuid::from_u128(0x6d1f_0f6e_4d0b_4a53_9a57_1c9e_0c6d_7a10),
        flag: true,
        count: -9_007_199_254_740_991,
        name: "na\u{ef}ve \"quoted\" \\ \u{1}\n\u{7f}\u{20ac}\u{1F600}".to_owned(),
        secret: Some("hunter2".to_owned()),
        blob: vec![0, 1, 255],
        taken: Timestamp::from_micros(1_741_083_630_250_000).unwrap(),
        labels: TextList(vec!["text/xml".to_owned(), "a\",\"b".to_owned()]),
        body: strongroom_kernel::Json("{\"b\": 1.0,\"a\":[]}".to_owned()),
        domain: Domain::new("sample", "acme").unwrap(),
        digest: Some(Digest::of(b"hello bytes")),
        nothing: None,
    }
}

fn unit() -> Unit {
    let row = sample();
    let mut unit = Unit::new(&Caller::account("anna"), SAVE);
    unit.about("item", row.id);
    unit.put(&row, State::Absent.or("duplicate"));
    unit.bump::<Sample>(vec![Value::Id(row.id)], "count", 2, (0, 10));
    unit.require::<Sample>(vec![Value::Id(row.id)], State::Present);
    unit.remove::<Sample>(vec![Value::Id(row.id)], State::Version(7));
    unit.emit("item_saved", "acme", Bytes::from_static(b"{}"));
    unit.touched.push((row.domain.clone(), Digest::of(b"")));
    unit
}

fn stored() -> StoredRecord {
    let time = Timestamp::from_micros(1_741_083_641_500_000).unwrap();
    let sealed = seal(&unit(), time, &Counting::default());
    StoredRecord {
        index: 4,
        sequence: 4,
        leaf: encode_leaf(time, "sample", &sealed.commitment),
        nonce: sealed.nonce,
        canonical: sealed.canonical,
        openings: sealed.openings,
    }
}

fn tables(name: &str) -> Option<&'static Table> {
    (name == Sample::TABLE.name).then_some(Sample::TABLE)
}

fn fixture() -> Json {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/record/v1.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_record_of_a_unit_is_the_one_of_the_first_release() {
    let record = stored();
    let fixture = fixture();
    let text = |name: &str| fixture[name].as_str().unwrap().to_owned();
    assert_eq!(String::from_utf8(record.canonical).unwrap(), text("canonical"));
    assert_eq!(String::from_utf8(record.openings).unwrap(), text("openings"));
    assert_eq!(hex::encode(record.nonce), text("nonce"));
    assert_eq!(hex::encode(record.leaf), text("leaf"));
}

#[test]
fn the_record_is_canonical_json_by_another_writer() {
    let record = stored();
    let value: Json = serde_json::from_slice(&record.canonical).unwrap();
    assert_eq!(serde_json_canonicalizer::to_vec(&value).unwrap(), record.canonical);
    let openings: Json = serde_json::from_slice(&record.openings).unwrap();
    assert_eq!(serde_json_canonicalizer::to_vec(&openings).unwrap(), record.openings);
}

#[test]
fn a_record_opens_to_the_operations_of_its_unit() {
    let opened = open(&stored(), &tables).unwrap();
    assert_eq!((opened.action.as_str(), opened.service.as_str()), ("save_item", "sample"));
    let OpenedOperation::Whole(strongroom_kernel::Operation::Put { values, expectation, .. }) =
        &opened.operations[0]
    else {
        panic!("the first operation is a put")
    };
    assert_eq!(Sample::from_values(values.clone()).unwrap(), sample());
    assert_eq!(*expectation, Expectation::from(State::Absent));
    assert_eq!(opened.operations.len(), 3, "a condition is not part of the record");
    assert_eq!(opened.plain["caller"]["name"], "anna");
}

#[test]
fn no_byte_of_a_record_can_change_unnoticed() {
    let whole = stored();
    let refused = |record: StoredRecord, what: &str| match open(&record, &tables) {
        Ok(_) => panic!("{what}: opened all the same"),
        Err(error) => assert_eq!(error.kind, PortErrorKind::Corrupt, "{what}"),
    };
    for at in 0..whole.canonical.len() {
        let mut record = whole.clone();
        record.canonical[at] ^= 1;
        refused(record, "canonical");
    }
    for at in 0..whole.nonce.len() {
        let mut record = whole.clone();
        record.nonce[at] ^= 1;
        refused(record, "nonce");
    }
    for at in 0..whole.openings.len() {
        let mut record = whole.clone();
        record.openings[at] ^= 1;
        refused(record, "openings");
    }
}

#[test]
fn an_opening_taken_away_leaves_an_erased_row() {
    let mut record = stored();
    let mut openings: Vec<Json> = serde_json::from_slice(&record.openings).unwrap();
    let secret = openings.iter().position(|opening| opening["value"] == "hunter2").unwrap();
    openings[secret] = Json::Null;
    record.openings = serde_json::to_vec(&openings).unwrap();
    let opened = open(&record, &tables).unwrap();
    let OpenedOperation::Erased { values, .. } = &opened.operations[0] else { panic!("a value is gone") };
    assert_eq!(values.iter().filter(|value| value.is_none()).count(), 1);
}

#[test]
fn a_record_of_before_a_column_was_added_has_null_in_it() {
    const COLUMNS: [strongroom_kernel::Column; 13] = {
        let mut columns = [Sample::TABLE.columns[11]; 13];
        let mut place = 0;
        while place < 12 {
            columns[place] = Sample::TABLE.columns[place];
            place += 1;
        }
        columns[12].name = "added";
        columns
    };
    static LATER: Table =
        Table { name: "sample_item", columns: &COLUMNS, key: &["id"], uniques: &[], content: None };
    let opened = open(&stored(), &|_| Some(&LATER)).unwrap();
    let OpenedOperation::Whole(strongroom_kernel::Operation::Put { values, .. }) = &opened.operations[0]
    else {
        panic!("the first operation is a put")
    };
    assert_eq!((values.len(), &values[12]), (13, &Value::Null));
}

#[test]
fn a_record_of_a_newer_program_is_told_from_a_changed_one() {
    static EARLIER: Table = Table {
        name: "sample_item",
        columns: Sample::TABLE.columns.split_at(11).0,
        key: &["id"],
        uniques: &[],
        content: None,
    };
    let refused = open(&stored(), &|_| Some(&EARLIER)).unwrap_err();
    assert_eq!(refused.kind, PortErrorKind::Refused, "{refused}");
    assert_eq!(open(&stored(), &|_| None).unwrap_err().kind, PortErrorKind::Refused);
}
