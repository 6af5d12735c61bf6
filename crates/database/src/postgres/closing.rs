//! The last run of a batch: what cannot be refused, and the commit.

use std::collections::HashSet;

use strongroom_kernel::ports::{
    Batch, EventPosition, IdempotentReply, PackPosition, PortError, Prepared, Stamp,
};

use crate::number::{limit, position, signed};

use super::{
    error::failed,
    pipeline::{Step, run},
    session::Session,
    value::Arg,
};

const ADD_RECORDS: &str = "INSERT INTO ledger_record (sequence, time, leaf, nonce, canonical, openings) \
    SELECT u.sequence, $1::bigint, u.leaf, u.nonce, u.canonical, u.openings \
    FROM unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[]) \
    AS u (sequence, leaf, nonce, canonical, openings)";
const ADD_EVENTS: &str = "INSERT INTO hub_event (position, sequence, place, time, event_key, payload) \
    SELECT u.position, u.sequence, u.place, $1::bigint, u.event_key, u.payload \
    FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bytea[]) \
    AS u (position, sequence, place, event_key, payload)";
const TOPICS: &str = "UPDATE hub_topic AS t SET next_offset = u.next_offset \
    FROM unnest($1::bigint[], $2::bigint[]) AS u (number, next_offset) WHERE t.number = u.number";
const NOTE: &str = "INSERT INTO kernel_note (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const REMOVE_NOTE: &str = "DELETE FROM kernel_note WHERE name = $1";
const PACK_END: &str = "INSERT INTO kernel_pack_end (id, pack, pack_offset, pack_length) VALUES (0, $1, $2, $3) \
    ON CONFLICT (id) DO UPDATE SET pack = excluded.pack, pack_offset = excluded.pack_offset, \
    pack_length = excluded.pack_length";
const REPLY: &str = "INSERT INTO kernel_reply (scope, reply_key, request, reply, expires) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (scope, reply_key) DO UPDATE SET \
    request = excluded.request, reply = excluded.reply, expires = excluded.expires";
const FORGET_REPLIES: &str = "DELETE FROM kernel_reply WHERE (scope, reply_key) IN \
    (SELECT scope, reply_key FROM kernel_reply WHERE expires <= $1 ORDER BY expires LIMIT 100)";

/// A unit that was accepted.
#[derive(Debug)]
pub(super) struct Committed<'b> {
    pub(super) unit: &'b Prepared,
    pub(super) sequence: u64,
}

/// Columns of the rows that one statement adds.
#[derive(Default)]
struct Columns<'a> {
    numbers: [Vec<i64>; 3],
    texts: Vec<&'a str>,
    blobs: [Vec<&'a [u8]>; 4],
}

/// Writes records, events, notes and replies, and commits; gives the stamps of the units.
pub(super) async fn close<'b>(
    session: &mut Session,
    batch: &'b Batch,
    before: Vec<Step<'b>>,
    committed: &[Committed<'b>],
    end: Option<PackPosition>,
) -> Result<Vec<Stamp>, PortError> {
    let leaves: Vec<Vec<u8>> = committed.iter().map(|committed| committed.unit.leaf(batch.time)).collect();
    let mut records = Columns::default();
    for (Committed { unit, sequence }, leaf) in committed.iter().zip(&leaves) {
        records.numbers[0].push(signed(*sequence));
        let record = &unit.record;
        let parts = [leaf.as_slice(), &record.nonce, &record.canonical, &record.openings];
        for (column, part) in records.blobs.iter_mut().zip(parts) {
            column.push(part);
        }
    }
    let (events, positions, topics) = place_events(session, committed)?;
    let mut closing = Closing { session, steps: before };
    let time = Arg::Int(batch.time.micros());
    if !committed.is_empty() {
        let [leaf, nonce, canonical, openings] = &records.blobs;
        let blobs = [leaf, nonce, canonical, openings].map(|column| Arg::Blobs(column));
        let mut args = vec![time, Arg::Ints(&records.numbers[0])];
        args.extend(blobs);
        closing.add(ADD_RECORDS, args).await?;
    }
    if !events.texts.is_empty() {
        let mut args = vec![time];
        args.extend(events.numbers.iter().map(|column| Arg::Ints(column)));
        args.extend([Arg::Texts(&events.texts), Arg::Blobs(&events.blobs[0])]);
        closing.add(ADD_EVENTS, args).await?;
        closing.add(TOPICS, topics.iter().map(|column| Arg::Ints(column)).collect()).await?;
    }
    closing.notes(batch).await?;
    closing.replies(batch, committed).await?;
    if let Some(end) = end {
        let args = [end.pack.into(), signed(end.offset), end.length.into()].map(Arg::Int);
        closing.add(PACK_END, args.into()).await?;
    }
    closing.add("COMMIT", Vec::new()).await?;
    // a step that failed makes the server answer the commit by a rollback
    for done in run(&closing.session.client, closing.steps).await {
        done.map_err(failed("commit a batch"))?;
    }
    session.next += committed.len() as u64;
    let stamps = committed.iter().zip(leaves).zip(positions);
    Ok(stamps
        .map(|((Committed { sequence, .. }, leaf), events)| Stamp {
            sequence: *sequence,
            index: None,
            leaf,
            events,
        })
        .collect())
}

type PlacedEvents<'b> = (Columns<'b>, Vec<Vec<EventPosition>>, [Vec<i64>; 2]);

/// Gives events their offsets. The session counts on at once: if the batch fails, it ends.
fn place_events<'b>(
    session: &mut Session,
    committed: &[Committed<'b>],
) -> Result<PlacedEvents<'b>, PortError> {
    let mut columns = Columns::default();
    let mut changed = HashSet::new();
    let mut positions = Vec::with_capacity(committed.len());
    for Committed { unit, sequence } in committed {
        let mut placed = Vec::with_capacity(unit.events.len());
        for (place, event) in unit.events.iter().enumerate() {
            let topic = session
                .topics
                .get_mut(event.topic)
                .ok_or_else(|| PortError::unavailable("write an event of a topic that was not met"))?;
            let numbers = [position(topic.number, topic.next), signed(*sequence), limit(place)];
            for (column, number) in columns.numbers.iter_mut().zip(numbers) {
                column.push(number);
            }
            columns.texts.push(&event.key);
            columns.blobs[0].push(&event.payload);
            changed.insert(event.topic);
            placed.push(EventPosition { topic: event.topic, offset: topic.next.unsigned_abs() });
            topic.next += 1;
        }
        positions.push(placed);
    }
    let changed =
        || session.topics.iter().filter(|(name, _)| changed.contains(*name)).map(|(_, topic)| topic);
    let topics = [changed().map(|topic| topic.number).collect(), changed().map(|topic| topic.next).collect()];
    Ok((columns, positions, topics))
}

struct Closing<'s, 'a> {
    session: &'s mut Session,
    steps: Vec<Step<'a>>,
}

impl<'a> Closing<'_, 'a> {
    async fn add(&mut self, sql: &str, args: Vec<Arg<'a>>) -> Result<(), PortError> {
        let statement = self.session.statement(sql).await?;
        self.steps.push(Step { statement, args });
        Ok(())
    }

    async fn notes(&mut self, batch: &'a Batch) -> Result<(), PortError> {
        for note in &batch.notes {
            match &note.value {
                Some(value) => self.add(NOTE, vec![Arg::Text(&note.key), Arg::Bytes(value)]).await?,
                None => self.add(REMOVE_NOTE, vec![Arg::Text(&note.key)]).await?,
            }
        }
        Ok(())
    }

    async fn replies(&mut self, batch: &'a Batch, committed: &[Committed<'a>]) -> Result<(), PortError> {
        let mut any = false;
        for reply in committed.iter().filter_map(|committed| committed.unit.reply.as_ref()) {
            let IdempotentReply { scope, key, request, reply, expires } = reply;
            let args = vec![
                Arg::Text(scope),
                Arg::Text(key),
                Arg::Bytes(request.as_bytes()),
                Arg::Bytes(reply),
                Arg::Int(expires.micros()),
            ];
            self.add(REPLY, args).await?;
            any = true;
        }
        if any {
            self.add(FORGET_REPLIES, vec![Arg::Int(batch.time.micros())]).await?;
        }
        Ok(())
    }
}
