//! Events of a batch: each at the next offset of its topic.

use std::collections::{HashMap, hash_map::Entry};

use rusqlite::{Connection, OptionalExtension as _, params};
use strongroom_kernel::{Event, ports::EventPosition};
use strongroom_model::Timestamp;

use crate::number::{position, signed};

const FIND: &str = "SELECT number, next_offset FROM hub_topic WHERE topic = ?1 AND partition = 0";
const ADD: &str = "INSERT INTO hub_topic (topic, partition, next_offset) VALUES (?1, 0, 0)";
const UPDATE: &str = "UPDATE hub_topic SET next_offset = ?2 WHERE number = ?1";
const ADD_EVENT: &str = "INSERT INTO hub_event (position, sequence, place, time, event_key, payload) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

#[derive(Debug)]
struct Topic {
    number: i64,
    next: i64,
    changed: bool,
}

/// The topics the writer has met, with their next offsets; forgotten when a batch fails.
#[derive(Debug, Default)]
pub(super) struct Topics(HashMap<&'static str, Topic>);

impl Topics {
    /// Writes the events of the unit of `sequence` and says where they stand.
    pub(super) fn write(
        &mut self,
        connection: &Connection,
        events: &[Event],
        sequence: u64,
        time: Timestamp,
    ) -> rusqlite::Result<Vec<EventPosition>> {
        let mut positions = Vec::with_capacity(events.len());
        for (place, event) in events.iter().enumerate() {
            let topic = self.topic(connection, event.topic)?;
            let offset = topic.next;
            connection.prepare_cached(ADD_EVENT)?.execute(params![
                position(topic.number, offset),
                signed(sequence),
                signed(place as u64),
                time.micros(),
                event.key,
                &event.payload[..],
            ])?;
            topic.next += 1;
            topic.changed = true;
            positions.push(EventPosition { topic: event.topic, offset: offset.unsigned_abs() });
        }
        Ok(positions)
    }

    /// Writes the next offsets of the topics that grew.
    pub(super) fn finish(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for topic in self.0.values_mut().filter(|topic| topic.changed) {
            connection.prepare_cached(UPDATE)?.execute(params![topic.number, topic.next])?;
            topic.changed = false;
        }
        Ok(())
    }

    fn topic(&mut self, connection: &Connection, name: &'static str) -> rusqlite::Result<&mut Topic> {
        match self.0.entry(name) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let (number, next) = match find(connection, name)? {
                    Some(found) => found,
                    None => (connection.prepare_cached(ADD)?.insert([name])?, 0),
                };
                Ok(unknown.insert(Topic { number, next, changed: false }))
            }
        }
    }
}

/// Number and next offset of a topic.
pub(super) fn find(connection: &Connection, topic: &str) -> rusqlite::Result<Option<(i64, i64)>> {
    connection.prepare_cached(FIND)?.query_row([topic], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}
