//! Events against records, joined in the order of commits, topic by topic.

use std::collections::{HashMap, VecDeque};

use serde_json::Value as Json;
use strongroom_model::Digest;

use crate::{
    ports::{Database, PortError, StoredEvent},
    record::OpenedRecord,
};

use super::Report;

const PAGE: usize = 1_024;

/// Stored events of each topic that records have not spoken of yet.
#[derive(Debug, Default)]
pub(super) struct Events {
    topics: HashMap<String, Topic>,
}

#[derive(Debug, Default)]
struct Topic {
    page: VecDeque<StoredEvent>,
    next: u64,
    /// Offset that the front of the page must have.
    due: u64,
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

impl Events {
    pub(super) async fn check(
        &mut self,
        database: &dyn Database,
        record: &OpenedRecord,
        report: &mut Report,
    ) -> Result<(), PortError> {
        let Some(events) = record.plain.get("events").and_then(Json::as_array) else { return Ok(()) };
        for (event, place) in events.iter().zip(0u32..) {
            let text = |name: &str| event.get(name).and_then(Json::as_str).unwrap_or_default();
            let name = text("topic");
            let topic = self.topics.entry(name.to_owned()).or_default();
            let offset = topic.due;
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
                // nothing forgets events yet: whatever will must leave word of it
                _ => report.tampered(format!("{name}: an event of record {} is missing", record.index)),
            }
        }
        Ok(())
    }

    /// After the last record: stored events that no record speaks of.
    pub(super) async fn finish(
        mut self,
        database: &dyn Database,
        last: Option<u64>,
        report: &mut Report,
    ) -> Result<(), PortError> {
        for (name, topic) in &mut self.topics {
            while let Some(stored) = topic.peek(database, name).await? {
                if last.is_some_and(|last| stored.sequence > last) {
                    break;
                }
                report.tampered(format!("event {} of {name}: no record says so", stored.offset));
                topic.pop();
            }
        }
        Ok(())
    }
}
