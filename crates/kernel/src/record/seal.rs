//! From a unit to its sealed record.
//!
//! Member order below is the sorted order of RFC 8785; a test against another canonicalizer holds it.

use strongroom_ledger::{commitment, field_commitment};
use strongroom_model::{Domain, Timestamp};

use crate::{
    ports::{Rng, RngExt, SealedRecord},
    row::{Table, Value},
    unit::{Expectation, Operation, State, Unit, UnitResult},
};

use super::{VERSION, canonical::Writer};

/// Seals the record of `unit`, claimed to happen at `time`, with a fresh nonce and fresh salts.
///
/// # Panics
/// Never: the writer makes UTF-8.
pub fn seal(unit: &Unit, time: Timestamp, rng: &dyn Rng) -> SealedRecord {
    let mut openings = Openings::new(rng);
    let mut writer = Writer::with_capacity(1024);
    writer.object(|writer| {
        writer.name("action").string(unit.action.name);
        writer.name("caller").object(|writer| {
            writer.name("kind").string(unit.caller.kind.word());
            writer.name("name");
            openings.personal(writer, &Value::Text(unit.caller.name.clone()));
        });
        if !unit.touched.is_empty() {
            writer.name("content").array(&unit.touched, |writer, (domain, digest)| {
                write_content(writer, domain, &Value::Digest(*digest), &mut openings);
            });
        }
        if unit.count != 1 {
            writer.name("count").integer(i64::try_from(unit.count).unwrap_or(i64::MAX));
        }
        if !unit.events.is_empty() {
            writer.name("events").array(&unit.events, |writer, event| {
                writer.object(|writer| {
                    writer.name("key").string(&event.key);
                    writer.name("payload");
                    openings.personal(writer, &Value::Digest(strongroom_model::Digest::of(&event.payload)));
                    writer.name("topic").string(event.topic);
                });
            });
        }
        if let UnitResult::Refused(label) = unit.result {
            writer.name("refused").string(label);
        }
        let written =
            unit.operations.iter().filter(|operation| !matches!(operation, Operation::Require { .. }));
        if written.clone().next().is_some() {
            writer
                .name("rows")
                .array(written, |writer, operation| write_operation(writer, operation, &mut openings));
        }
        writer.name("service").string(unit.action.service);
        if !unit.subjects.is_empty() {
            writer.name("subjects").array(&unit.subjects, |writer, subject| {
                writer.object(|writer| {
                    writer.name("id").string(&subject.id);
                    writer.name("noun").string(subject.noun);
                });
            });
        }
        writer.name("time").string(&time.to_string());
        writer.name("v").integer(VERSION);
    });
    let canonical = writer.into_bytes();
    let nonce: [u8; 32] = rng.bytes();
    let commitment = *commitment(&nonce, &canonical).as_bytes();
    SealedRecord { nonce, canonical, openings: openings.finish(), commitment }
}

fn write_content(writer: &mut Writer, domain: &Domain, digest: &Value, openings: &mut Openings<'_>) {
    writer.object(|writer| {
        writer.name("digest");
        openings.personal(writer, digest);
        writer.name("domain").string(domain.as_str());
    });
}

fn write_operation(writer: &mut Writer, operation: &Operation, openings: &mut Openings<'_>) {
    let table = operation.table();
    writer.object(|writer| match operation {
        Operation::Put { values, expectation, .. } => {
            write_expectation(writer, *expectation);
            writer.name("op").string("put");
            writer.name("table").string(table.name);
            writer.name("values").object(|writer| write_values(writer, table, values, openings));
        }
        Operation::Remove { key, expectation, .. } => {
            write_expectation(writer, *expectation);
            writer.name("key").object(|writer| write_key(writer, table, key));
            writer.name("op").string("remove");
            writer.name("table").string(table.name);
        }
        Operation::Bump { key, column, by, .. } => {
            writer.name("by").integer(*by);
            writer.name("column").string(column);
            writer.name("key").object(|writer| write_key(writer, table, key));
            writer.name("op").string("bump");
            writer.name("table").string(table.name);
        }
        Operation::Require { .. } => unreachable!("conditions are not part of the record"),
    });
}

fn write_expectation(writer: &mut Writer, expectation: Expectation) {
    match expectation.state {
        State::Absent => writer.name("expect").string("absent"),
        State::Present => writer.name("expect").string("present"),
        State::Version(version) => {
            writer.name("expect").integer(i64::try_from(version).expect("sequences fit 63 bits"));
        }
        State::Any => writer.name("expect").string("any"),
    }
}

fn write_values(writer: &mut Writer, table: &Table, values: &[Value], openings: &mut Openings<'_>) {
    let mut sorted: Vec<_> = table.columns.iter().zip(values).collect();
    sorted.sort_unstable_by_key(|(column, _)| column.name);
    for (column, value) in sorted {
        writer.name(column.name);
        if column.personal && *value != Value::Null {
            openings.personal(writer, value);
        } else {
            write_value(writer, value);
        }
    }
}

fn write_key(writer: &mut Writer, table: &Table, key: &[Value]) {
    let mut sorted: Vec<_> = table.key.iter().zip(key).collect();
    sorted.sort_unstable_by_key(|(name, _)| **name);
    for (name, value) in sorted {
        writer.name(name);
        write_value(writer, value);
    }
}

fn write_value(writer: &mut Writer, value: &Value) {
    match value {
        Value::Null => writer.literal("null"),
        Value::Bool(value) => writer.literal(if *value { "true" } else { "false" }),
        Value::Int(value) => writer.integer(*value),
        Value::Text(text) | Value::Json(text) => writer.string(text),
        Value::Bytes(bytes) => writer.hex(bytes),
        Value::Id(id) => writer.string(id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer())),
        Value::Digest(digest) => writer.hex(digest.as_bytes()),
        Value::Time(time) => writer.string(&time.to_string()),
        Value::TextList(list) => writer.array(&list.0, |writer, text| writer.string(text)),
    }
}

/// Salts and values of the personal fields of one record, in order of appearance.
struct Openings<'a> {
    rng: &'a dyn Rng,
    list: Writer,
    any: bool,
}

impl<'a> Openings<'a> {
    fn new(rng: &'a dyn Rng) -> Self {
        Self { rng, list: Writer::with_capacity(256), any: false }
    }

    /// Writes `{"c":"<commitment>"}` and keeps salt and value.
    fn personal(&mut self, writer: &mut Writer, value: &Value) {
        let salt: [u8; 16] = self.rng.bytes();
        let mut plain = Writer::with_capacity(64);
        write_value(&mut plain, value);
        let plain = String::from_utf8(plain.into_bytes()).expect("canonical JSON is UTF-8");
        let commitment = field_commitment(&salt, plain.as_bytes());
        writer.object(|writer| writer.name("c").hex(commitment.as_bytes()));
        self.list.literal(if self.any { "," } else { "[" });
        self.any = true;
        self.list.object(|list| {
            list.name("salt").hex(&salt);
            list.name("value").splice(&plain);
        });
    }

    fn finish(mut self) -> Vec<u8> {
        if !self.any {
            return Vec::new();
        }
        self.list.literal("]");
        self.list.into_bytes()
    }
}
