//! Reading the port's own tables: ledger, events, notes, content, replies.

use rusqlite::{Connection, OptionalExtension as _, params};
use strongroom_kernel::ports::{
    ContentEntry, ContentKey, Head, IdempotentReply, PAGE_BYTES, PackPosition, Place, PortError, StoredEvent,
    StoredRecord,
};
use strongroom_model::{Digest, Domain, Timestamp};

use crate::{
    number::{limit as as_limit, offset, position as event_position, signed, time, unsigned},
    place::{IN_DATABASE, IN_PACK, IN_STORE},
};

use super::{error::failed, events};

const HEAD: &str = "SELECT size, time FROM ledger_head";
const LEAVES: &str =
    "SELECT sequence, leaf FROM ledger_record WHERE sequence >= ?1 AND sequence < ?2 ORDER BY sequence";
const RECORDS: &str = "SELECT sequence, leaf, nonce, canonical, openings FROM ledger_record \
    WHERE sequence >= ?1 AND sequence < ?2 ORDER BY sequence";
const RECORD: &str =
    "SELECT sequence, leaf, nonce, canonical, openings FROM ledger_record WHERE sequence = ?1";
const TOPICS: &str = "SELECT topic, next_offset FROM hub_topic WHERE partition = 0 ORDER BY topic";
const EVENTS: &str = "SELECT position, sequence, place, time, event_key, payload FROM hub_event \
    WHERE position >= ?1 AND position <= ?2 ORDER BY position LIMIT ?3";
const NOTE: &str = "SELECT value FROM kernel_note WHERE name = ?1";
const NOTES: &str = "SELECT name, value FROM kernel_note WHERE name > ?1 ORDER BY name LIMIT ?2";
const CONTENT: &str = "SELECT domain, digest, size, place, pack, pack_offset, pack_length, refs, unreferenced_since \
    FROM kernel_content";
const SMALL_CONTENT: &str = "SELECT payload FROM kernel_small_content WHERE domain = ?1 AND digest = ?2";
const PACK_END: &str = "SELECT pack, pack_offset, pack_length FROM kernel_pack_end";
const REPLY: &str = "SELECT request, reply, expires FROM kernel_reply \
    WHERE scope = ?1 AND reply_key = ?2 AND expires > ?3";
const REPLIES: &str = "SELECT scope, reply_key, request, reply, expires FROM kernel_reply \
    WHERE (scope, reply_key) > (?1, ?2) ORDER BY scope, reply_key LIMIT ?3";

/// End of the ledger.
pub(super) fn head(connection: &Connection) -> Result<Head, PortError> {
    let (size, micros) = connection
        .prepare_cached(HEAD)
        .and_then(|mut select| select.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional())
        .map_err(failed("read the end of the ledger"))?
        .ok_or_else(|| PortError::corrupt("the end of the ledger is missing"))?;
    Ok(Head { size: unsigned(size, "the size of the ledger")?, time: time(micros)? })
}

/// The indexes of a page, cut off at the head.
///
/// The head is read first, in a transaction of its own: what is below it then stays.
fn page(connection: &Connection, from: u64, limit: usize) -> Result<std::ops::Range<u64>, PortError> {
    let size = head(connection)?.size;
    let end = from.saturating_add(limit as u64).min(size);
    Ok(from.min(end)..end)
}

fn gap(index: u64) -> PortError {
    PortError::corrupt(format!("record {index} is missing from the ledger"))
}

/// Leaves of a page of indexes.
pub(super) fn leaves(connection: &Connection, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, PortError> {
    let page = page(connection, from, limit)?;
    let failed = failed("read leaves");
    let mut select = connection.prepare_cached(LEAVES).map_err(&failed)?;
    let mut rows = select.query([signed(page.start), signed(page.end)]).map_err(&failed)?;
    let mut leaves = Vec::new();
    for index in page {
        let row = rows.next().map_err(&failed)?.ok_or_else(|| gap(index))?;
        if row.get::<_, i64>(0).map_err(&failed)? != signed(index) {
            return Err(gap(index));
        }
        leaves.push(row.get(1).map_err(&failed)?);
    }
    Ok(leaves)
}

/// Records of a page of indexes.
pub(super) fn records(
    connection: &Connection,
    from: u64,
    limit: usize,
) -> Result<Vec<StoredRecord>, PortError> {
    let page = page(connection, from, limit)?;
    let failed = failed("read records");
    let mut select = connection.prepare_cached(RECORDS).map_err(&failed)?;
    let mut rows = select.query([signed(page.start), signed(page.end)]).map_err(&failed)?;
    let (mut records, mut bytes) = (Vec::new(), 0);
    for index in page {
        if bytes >= PAGE_BYTES {
            break;
        }
        let row = rows.next().map_err(&failed)?.ok_or_else(|| gap(index))?;
        let record = record(row).map_err(&failed)?;
        if record.index != index {
            return Err(gap(index));
        }
        bytes += record.text_bytes();
        records.push(record);
    }
    Ok(records)
}

/// Records of these indexes, in the order asked.
pub(super) fn records_at(connection: &Connection, indexes: &[u64]) -> Result<Vec<StoredRecord>, PortError> {
    let failed = failed("read records");
    let mut select = connection.prepare_cached(RECORDS).map_err(&failed)?;
    let mut records = Vec::with_capacity(indexes.len());
    for index in indexes {
        let found = select
            .query_row([signed(*index), signed(index.saturating_add(1))], record)
            .optional()
            .map_err(&failed)?;
        let found = found.ok_or_else(|| PortError::missing(format!("record {index} is not in the ledger")));
        records.push(found?);
    }
    Ok(records)
}

fn record(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredRecord> {
    let sequence = row.get::<_, i64>(0)?.unsigned_abs();
    let (leaf, nonce, canonical, openings) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
    Ok(StoredRecord { index: sequence, sequence, leaf, nonce, canonical, openings })
}

/// The record of one unit.
pub(super) fn record_of(connection: &Connection, sequence: u64) -> Result<Option<StoredRecord>, PortError> {
    connection
        .prepare_cached(RECORD)
        .and_then(|mut select| select.query_row([signed(sequence)], record).optional())
        .map_err(failed("read a record"))
}

/// All topics with their next offsets.
pub(super) fn topics(connection: &Connection) -> Result<Vec<(String, u64)>, PortError> {
    let failed = failed("read topics");
    let mut select = connection.prepare_cached(TOPICS).map_err(&failed)?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?))).map_err(&failed)?;
    rows.map(|row| {
        let (topic, next) = row.map_err(&failed)?;
        Ok((topic, unsigned(next, "the next offset of a topic")?))
    })
    .collect()
}

/// Events of a topic from an offset on.
pub(super) fn events(
    connection: &Connection,
    topic: &str,
    from: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, PortError> {
    let failed = failed("read events");
    let Some((number, _)) = events::find(connection, topic).map_err(&failed)? else { return Ok(Vec::new()) };
    let (first, last) = (event_position(number, signed(from)), event_position(number, i64::MAX));
    let mut select = connection.prepare_cached(EVENTS).map_err(&failed)?;
    let mut rows = select.query([first, last, as_limit(limit)]).map_err(&failed)?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while bytes < PAGE_BYTES
        && let Some(row) = rows.next().map_err(&failed)?
    {
        let event = StoredEvent {
            offset: offset(row.get(0).map_err(&failed)?),
            sequence: unsigned(row.get(1).map_err(&failed)?, "the sequence of an event")?,
            place: row.get(2).map_err(&failed)?,
            time: time(row.get(3).map_err(&failed)?)?,
            key: row.get(4).map_err(&failed)?,
            payload: row.get(5).map_err(&failed)?,
        };
        bytes += event.payload.len();
        events.push(event);
    }
    Ok(events)
}

/// A note.
pub(super) fn note(connection: &Connection, key: &str) -> Result<Option<Vec<u8>>, PortError> {
    connection
        .prepare_cached(NOTE)
        .and_then(|mut select| select.query_row([key], |row| row.get(0)).optional())
        .map_err(failed("read a note"))
}

/// Notes in the order of their names.
pub(super) fn notes(
    connection: &Connection,
    after: &str,
    limit: usize,
) -> Result<Vec<(String, Vec<u8>)>, PortError> {
    let failed = failed("read notes");
    let mut select = connection.prepare_cached(NOTES).map_err(&failed)?;
    let rows = select.query_map(params![after, as_limit(limit)], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.map_err(&failed)?.collect::<rusqlite::Result<_>>().map_err(&failed)
}

/// The last position in the packs that a commit relies on.
pub(super) fn pack_end(connection: &Connection) -> Result<Option<PackPosition>, PortError> {
    connection
        .prepare_cached(PACK_END)
        .and_then(|mut select| select.query_row([], |row| position(row, 0)).optional())
        .map_err(failed("read the end of the packs"))
}

fn position(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<PackPosition> {
    let offset: i64 = row.get(first + 1)?;
    let offset =
        u64::try_from(offset).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(first + 1, offset))?;
    Ok(PackPosition { pack: row.get(first)?, offset, length: row.get(first + 2)? })
}

/// The entry of one content.
pub(super) fn content(connection: &Connection, key: &ContentKey) -> Result<Option<ContentEntry>, PortError> {
    let found = entries(
        connection,
        &format!("{CONTENT} WHERE domain = ?1 AND digest = ?2"),
        params![key.domain.as_str(), key.digest.as_bytes()],
    )?;
    Ok(found.into_iter().next())
}

/// Entries in the order of their keys.
pub(super) fn contents(
    connection: &Connection,
    after: Option<&ContentKey>,
    limit: usize,
) -> Result<Vec<ContentEntry>, PortError> {
    // no domain is empty, so that nothing comes before or at ('', x'')
    let (domain, digest): (&str, &[u8]) =
        after.map_or(("", &[]), |after| (after.domain.as_str(), after.digest.as_bytes()));
    entries(
        connection,
        &format!("{CONTENT} WHERE (domain, digest) > (?1, ?2) ORDER BY domain, digest LIMIT ?3"),
        params![domain, digest, as_limit(limit)],
    )
}

/// Entries nobody has referred to since before `before`, the longest first.
pub(super) fn unreferenced(
    connection: &Connection,
    before: Timestamp,
    limit: usize,
) -> Result<Vec<ContentEntry>, PortError> {
    entries(
        connection,
        &format!("{CONTENT} WHERE unreferenced_since < ?1 ORDER BY unreferenced_since LIMIT ?2"),
        params![before.micros(), as_limit(limit)],
    )
}

fn entries(
    connection: &Connection,
    sql: &str,
    params: &[&dyn rusqlite::ToSql],
) -> Result<Vec<ContentEntry>, PortError> {
    let failed = failed("read entries of content");
    let mut select = connection.prepare_cached(sql).map_err(&failed)?;
    let mut rows = select.query(params).map_err(&failed)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        entries.push(entry(row)?);
    }
    Ok(entries)
}

fn entry(row: &rusqlite::Row<'_>) -> Result<ContentEntry, PortError> {
    let failed = failed("read an entry of content");
    let domain: String = row.get(0).map_err(&failed)?;
    let domain = Domain::parse(&domain)
        .map_err(|error| PortError::corrupt("the domain of a content is malformed").with_source(error))?;
    let digest = Digest::from_bytes(row.get(1).map_err(&failed)?);
    let place = match row.get::<_, i64>(3).map_err(&failed)? {
        IN_PACK => Place::Pack(position(row, 4).map_err(&failed)?),
        IN_STORE => Place::Store,
        IN_DATABASE => Place::Database,
        other => return Err(PortError::corrupt(format!("the place of content {digest} is {other}"))),
    };
    let since: Option<i64> = row.get(8).map_err(&failed)?;
    Ok(ContentEntry {
        key: ContentKey { domain, digest },
        size: unsigned(row.get(2).map_err(&failed)?, "the size of a content")?,
        place,
        references: unsigned(row.get(7).map_err(&failed)?, "the number of references")?,
        unreferenced_since: since.map(time).transpose()?,
    })
}

/// The bytes of content kept in the database.
pub(super) fn small_content(connection: &Connection, key: &ContentKey) -> Result<Vec<u8>, PortError> {
    connection
        .prepare_cached(SMALL_CONTENT)
        .and_then(|mut select| {
            select.query_row(params![key.domain.as_str(), key.digest.as_bytes()], |row| row.get(0)).optional()
        })
        .map_err(failed("read small content"))?
        .ok_or_else(|| PortError::missing(format!("content {} is not in the database", key.digest)))
}

/// A reply that has not expired.
pub(super) fn reply(
    connection: &Connection,
    scope: &str,
    key: &str,
    now: Timestamp,
) -> Result<Option<IdempotentReply>, PortError> {
    let failed = failed("read a reply");
    let mut select = connection.prepare_cached(REPLY).map_err(&failed)?;
    let found: Option<([u8; 32], Vec<u8>, i64)> = select
        .query_row(params![scope, key, now.micros()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()
        .map_err(&failed)?;
    let Some((request, reply, expires)) = found else { return Ok(None) };
    let (scope, key) = (scope.to_owned(), key.to_owned());
    Ok(Some(IdempotentReply {
        scope,
        key,
        request: Digest::from_bytes(request),
        reply,
        expires: time(expires)?,
    }))
}

/// Replies in the order of scope and key.
pub(super) fn replies(
    connection: &Connection,
    after: (&str, &str),
    limit: usize,
) -> Result<Vec<IdempotentReply>, PortError> {
    let failed = failed("read replies");
    let mut select = connection.prepare_cached(REPLIES).map_err(&failed)?;
    let mut rows = select.query(params![after.0, after.1, as_limit(limit)]).map_err(&failed)?;
    let mut replies = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        replies.push(IdempotentReply {
            scope: row.get(0).map_err(&failed)?,
            key: row.get(1).map_err(&failed)?,
            request: Digest::from_bytes(row.get(2).map_err(&failed)?),
            reply: row.get(3).map_err(&failed)?,
            expires: time(row.get(4).map_err(&failed)?)?,
        });
    }
    Ok(replies)
}
