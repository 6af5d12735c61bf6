//! Events against records, joined in the order of commits, topic by topic.

use std::collections::{HashMap, VecDeque};

use serde_json::Value as Json;
use strongroom_model::Digest;

use crate::{
    ports::{Database, PortError, StoredEvent},
    record::{self, OpenedRecord, PersonalPlace},
    retention::{FIRST_KEPT, FORGET_EVENTS},
};

use super::{Report, erased::Erased};

const PAGE: usize = 1_024;

/// Stored events of each topic that records have not spoken of yet.
#[derive(Debug, Default)]
pub(super) struct Events {
    topics: HashMap<String, Topic>,
    /// By topic, the first event that a recorded retention kept.
    first_kept: HashMap<String, u64>,
}

/// An event that is not there: its record and its place among the events of that.
#[derive(Debug, Clone, Copy, Default)]
struct Lost {
    index: u64,
    place: u32,
}

#[derive(Debug, Default)]
struct Topic {
    /// Events missing behind the front.
    lost: Vec<Lost>,
    page: VecDeque<StoredEvent>,
    next: u64,
    /// Offset that the front of the page must have.
    due: u64,
    /// Events absent from the front, for whatever reason.
    front: u64,
    /// Those of them that only a retention can explain, and the last of them.
    missing: u64,
    missing_of: Lost,
}

impl Topic {
    async fn peek(&mut self, database: &dyn Database, name: &str) -> Result<Option<&StoredEvent>, PortError> {
        if self.page.is_empty() {
            self.page = database.events(name, self.next, PAGE).await?.into();
            if let Some(last) = self.page.back() {
                self.next = last.offset + 1;
            }
        }
        Ok(self.page.front())
    }

    fn pop(&mut self) {
        self.page.pop_front();
        self.due += 1;
    }
}

/// Whether a unit named the event's payload, or it was erased after its record was looked at.
async fn was_erased(database: &dyn Database, erased: &Erased, lost: Lost) -> Result<bool, PortError> {
    let Some(stored) = database.records(lost.index, 1).await?.pop() else { return Ok(false) };
    let place = PersonalPlace::Event { place: lost.place };
    let personal = record::personal(&stored).unwrap_or_default();
    let mut openings = personal.iter().enumerate().filter(|(_, personal)| personal.place == place);
    Ok(openings.any(|(opening, personal)| personal.value.is_none() || erased.is_named(stored.index, opening)))
}

/// Whether offset `end` follows on `due` recorded events and those that were committed since, so that the next
/// event neither leaves a gap nor takes a place again.
async fn is_end(database: &dyn Database, topic: &str, due: u64, end: u64) -> Result<bool, PortError> {
    if end <= due {
        return Ok(end == due);
    }
    // what came since is younger than any retention
    Ok(database.events(topic, end - 1, 1).await?.first().is_some_and(|event| event.offset == end - 1))
}

impl Events {
    pub(super) async fn check(
        &mut self,
        database: &dyn Database,
        record: &OpenedRecord,
        report: &mut Report,
    ) -> Result<(), PortError> {
        self.note_retention(record);
        let Some(events) = record.plain.get("events").and_then(Json::as_array) else { return Ok(()) };
        for (event, place) in events.iter().zip(0u32..) {
            let text = |name: &str| event.get(name).and_then(Json::as_str).unwrap_or_default();
            let name = text("topic");
            let topic = self.topics.entry(name.to_owned()).or_default();
            let (offset, front) = (topic.due, topic.front);
            let erased = event.get("payload").is_some_and(Json::is_object);
            let lost = Lost { index: record.index, place };
            let stored = topic.peek(database, name).await?;
            let due = (record.sequence, place);
            match stored {
                Some(stored) if (stored.sequence, stored.place) == due => {
                    let payload = Digest::of(&stored.payload).to_string();
                    if payload != text("payload")
                        || stored.key != text("key")
                        || stored.time != record.log_time
                        || stored.offset != offset
                    {
                        report.tampered(format!(
                            "event {} of {name}: not what record {} says",
                            stored.offset, record.index
                        ));
                    }
                    topic.pop();
                }
                Some(stored) if (stored.sequence, stored.place) < due => {
                    report.tampered(format!("event {} of {name}: no record says so", stored.offset));
                    topic.pop();
                }
                // missing from the front: a recorded retention may explain it, if no erasure does
                _ if front == offset => {
                    topic.due += 1;
                    topic.front = topic.due;
                    if !erased {
                        (topic.missing, topic.missing_of) = (topic.due, lost);
                    }
                }
                _ => {
                    topic.due += 1;
                    if !erased {
                        topic.lost.push(lost);
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn note_retention(&mut self, record: &OpenedRecord) {
        if record.action != FORGET_EVENTS || record.service != crate::anchoring::SCHEMA.service {
            return;
        }
        let Some(subjects) = record.plain.get("subjects").and_then(Json::as_array) else { return };
        for subject in subjects.iter().filter(|subject| subject["noun"] == FIRST_KEPT) {
            let named = subject["id"].as_str().and_then(|id| id.split_once(' '));
            if let Some((below, topic)) = named
                && let Ok(below) = below.parse()
            {
                let first_kept = self.first_kept.entry(topic.to_owned()).or_insert(below);
                *first_kept = below.max(*first_kept);
            }
        }
    }

    /// After the last record: what is missing without a word, and stored events that no record speaks of.
    pub(super) async fn finish(
        mut self,
        database: &dyn Database,
        last: Option<u64>,
        erased: &Erased,
        report: &mut Report,
    ) -> Result<(), PortError> {
        let ends = database.topics().await?;
        for (name, _) in &ends {
            // one that no record speaks of must be empty
            self.topics.entry(name.clone()).or_default();
        }
        for (name, topic) in &mut self.topics {
            if topic.missing > self.first_kept.get(name).copied().unwrap_or(0) {
                topic.lost.push(topic.missing_of);
            }
            for lost in std::mem::take(&mut topic.lost) {
                if !was_erased(database, erased, lost).await? {
                    report.tampered(format!("{name}: an event of record {} is missing", lost.index));
                }
            }
            while let Some(stored) = topic.peek(database, name).await? {
                // newer than what is verified: its record was committed with it, though it may wait for its index
                let newer = last.is_none_or(|last| stored.sequence > last);
                let sequence = stored.sequence;
                if newer && database.record(sequence).await?.is_some() {
                    break;
                }
                report.tampered(format!("event {} of {name}: no record says so", stored.offset));
                topic.pop();
            }
            let end = ends.iter().find(|(known, _)| known == name).map_or(0, |(_, next)| *next);
            if !is_end(database, name, topic.due, end).await? {
                report.tampered(format!("{name}: the next event would be number {end}, which leaves a gap"));
            }
        }
        Ok(())
    }
}
