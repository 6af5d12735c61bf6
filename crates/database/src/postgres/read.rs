//! Reading the port's own tables: ledger, events, notes, content, replies.

use std::pin::pin;

use deadpool_postgres::Object;
use futures::TryStreamExt as _;
use strongroom_kernel::ports::{
    ContentEntry, ContentKey, Head, IdempotentReply, ObjectPosition, PAGE_BYTES, PackPosition, Place,
    PortError, StoredEvent, StoredRecord,
};
use strongroom_model::{Digest, Domain, Timestamp};
use tokio_postgres::{
    Row,
    types::{FromSql, ToSql},
};

use crate::{
    number::{limit as as_limit, offset, position as event_position, signed, time, unsigned},
    place::{IN_DATABASE, IN_OBJECT, IN_PACK, IN_STORE},
};

use super::error::failed;

const HEAD: &str = "SELECT size, time FROM ledger_head";
const LEAVES: &str = "SELECT i.leaf_index, r.leaf FROM ledger_index AS i JOIN ledger_record AS r USING (sequence) \
    WHERE i.leaf_index >= $1 AND i.leaf_index < $2 ORDER BY i.leaf_index";
const RECORDS: &str = "SELECT i.leaf_index, i.sequence, r.leaf, r.nonce, r.canonical, r.openings \
    FROM ledger_index AS i JOIN ledger_record AS r USING (sequence) \
    WHERE i.leaf_index >= $1 AND i.leaf_index < $2 ORDER BY i.leaf_index";
const RECORD: &str = "SELECT COALESCE(i.leaf_index, r.sequence), r.sequence, r.leaf, r.nonce, r.canonical, r.openings \
    FROM ledger_record AS r LEFT JOIN ledger_index AS i USING (sequence) WHERE r.sequence = $1";
const TOPICS: &str = "SELECT topic, next_offset FROM hub_topic WHERE partition = 0 ORDER BY topic";
const RECORDS_AT: &str = "SELECT i.leaf_index, i.sequence, r.leaf, r.nonce, r.canonical, r.openings \
    FROM ledger_index AS i JOIN ledger_record AS r USING (sequence) WHERE i.leaf_index = ANY($1)";
const TOPIC: &str = "SELECT number FROM hub_topic WHERE topic = $1 AND partition = 0";
const EVENTS: &str = "SELECT position, sequence, place, time, event_key, payload FROM hub_event \
    WHERE position >= $1 AND position <= $2 ORDER BY position LIMIT $3";
const NOTE: &str = "SELECT value FROM kernel_note WHERE name = $1";
const NOTES: &str = "SELECT name, value FROM kernel_note WHERE name > $1 ORDER BY name LIMIT $2";
const CONTENT: &str = "SELECT c.domain, c.digest, c.size, c.place, c.pack, c.pack_offset, c.pack_length, c.refs, \
    c.unreferenced_since, o.digest FROM kernel_content AS c \
    LEFT JOIN kernel_object AS o ON c.place = 3 AND o.number = c.pack";
const SMALL_CONTENT: &str = "SELECT payload FROM kernel_small_content WHERE domain = $1 AND digest = $2";
const PACK_END: &str = "SELECT pack, pack_offset, pack_length FROM kernel_pack_end";
const REPLY: &str = "SELECT request, reply, expires FROM kernel_reply \
    WHERE scope = $1 AND reply_key = $2 AND expires > $3";
const REPLIES: &str = "SELECT scope, reply_key, request, reply, expires FROM kernel_reply \
    WHERE (scope, reply_key) > ($1, $2) ORDER BY scope, reply_key LIMIT $3";

type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

pub(super) async fn query(
    client: &Object,
    sql: &str,
    params: Params<'_>,
    what: &'static str,
) -> Result<Vec<Row>, PortError> {
    let statement = client.prepare_cached(sql).await.map_err(failed(what))?;
    client.query(&statement, params).await.map_err(failed(what))
}

pub(super) async fn first(
    client: &Object,
    sql: &str,
    params: Params<'_>,
    what: &'static str,
) -> Result<Option<Row>, PortError> {
    Ok(query(client, sql, params, what).await?.into_iter().next())
}

pub(super) fn get<'r, T: FromSql<'r>>(row: &'r Row, place: usize) -> Result<T, PortError> {
    row.try_get(place).map_err(|error| {
        PortError::corrupt(format!("column {} is of another kind", place + 1)).with_source(error)
    })
}

pub(super) fn array(row: &Row, place: usize) -> Result<[u8; 32], PortError> {
    get::<&[u8]>(row, place)?.try_into().map_err(|error| {
        PortError::corrupt(format!("column {} has not 32 bytes", place + 1)).with_source(error)
    })
}

/// End of the ledger.
pub(super) async fn head(client: &Object) -> Result<Head, PortError> {
    let row = first(client, HEAD, &[], "read the end of the ledger").await?;
    let row = row.ok_or_else(|| PortError::corrupt("the end of the ledger is missing"))?;
    Ok(Head { size: unsigned(get(&row, 0)?, "the size of the ledger")?, time: time(get(&row, 1)?)? })
}

/// The indexes of a page, cut off at the head: what is below it then stays.
async fn page(client: &Object, from: u64, limit: usize) -> Result<std::ops::Range<u64>, PortError> {
    let size = head(client).await?.size;
    let end = from.saturating_add(limit as u64).min(size);
    Ok(from.min(end)..end)
}

fn gap(index: u64) -> PortError {
    PortError::corrupt(format!("record {index} is missing from the ledger"))
}

/// Leaves of a page of indexes.
pub(super) async fn leaves(client: &Object, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, PortError> {
    let page = page(client, from, limit).await?;
    let rows = query(client, LEAVES, &[&signed(page.start), &signed(page.end)], "read leaves").await?;
    let mut rows = rows.iter();
    page.map(|index| match rows.next() {
        Some(row) if get::<i64>(row, 0)? == signed(index) => get(row, 1),
        _ => Err(gap(index)),
    })
    .collect()
}

/// Records of a page of indexes.
pub(super) async fn records(
    client: &Object,
    from: u64,
    limit: usize,
) -> Result<Vec<StoredRecord>, PortError> {
    let failed = failed("read records");
    let page = page(client, from, limit).await?;
    let statement = client.prepare_cached(RECORDS).await.map_err(&failed)?;
    // one by one: what is not wanted any more is not kept until all has come
    let rows = client.query_raw(&statement, [signed(page.start), signed(page.end)]).await.map_err(&failed)?;
    let mut rows = pin!(rows);
    let (mut records, mut bytes) = (Vec::new(), 0);
    for index in page {
        if bytes >= PAGE_BYTES {
            break;
        }
        let row = rows.try_next().await.map_err(&failed)?.ok_or_else(|| gap(index))?;
        let record = stored_record(&row)?;
        if record.index != index {
            return Err(gap(index));
        }
        bytes += record.text_bytes();
        records.push(record);
    }
    Ok(records)
}

/// The record of one unit, with or without an index.
pub(super) async fn record(client: &Object, sequence: u64) -> Result<Option<StoredRecord>, PortError> {
    let row = first(client, RECORD, &[&signed(sequence)], "read a record").await?;
    row.map(|row| stored_record(&row)).transpose()
}

fn stored_record(row: &Row) -> Result<StoredRecord, PortError> {
    Ok(StoredRecord {
        index: unsigned(get(row, 0)?, "the index of a record")?,
        sequence: unsigned(get(row, 1)?, "the sequence of a record")?,
        leaf: get(row, 2)?,
        nonce: array(row, 3)?,
        canonical: get(row, 4)?,
        openings: get(row, 5)?,
    })
}

/// All topics with their next offsets.
pub(super) async fn topics(client: &Object) -> Result<Vec<(String, u64)>, PortError> {
    let rows = query(client, TOPICS, &[], "read topics").await?;
    rows.iter().map(|row| Ok((get(row, 0)?, unsigned(get(row, 1)?, "the next offset of a topic")?))).collect()
}

/// Records of these indexes, in any order; those that are not there are left out.
pub(super) async fn records_at(client: &Object, indexes: &[u64]) -> Result<Vec<StoredRecord>, PortError> {
    let indexes: Vec<i64> = indexes.iter().map(|index| signed(*index)).collect();
    let rows = query(client, RECORDS_AT, &[&indexes], "read records").await?;
    rows.iter().map(stored_record).collect()
}

/// Number of a topic, if it was ever met.
pub(super) async fn topic(client: &Object, topic: &str) -> Result<Option<i64>, PortError> {
    first(client, TOPIC, &[&topic], "read a topic").await?.map(|row| get(&row, 0)).transpose()
}

/// Events of a topic from an offset on.
pub(super) async fn events(
    client: &Object,
    name: &str,
    from: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, PortError> {
    let Some(number) = topic(client, name).await? else { return Ok(Vec::new()) };
    let (start, end) = (event_position(number, signed(from)), event_position(number, i64::MAX));
    let failed = failed("read events");
    let statement = client.prepare_cached(EVENTS).await.map_err(&failed)?;
    let rows = client.query_raw(&statement, [start, end, as_limit(limit)]).await.map_err(&failed)?;
    let mut rows = pin!(rows);
    let (mut events, mut bytes) = (Vec::new(), 0);
    while bytes < PAGE_BYTES
        && let Some(row) = rows.try_next().await.map_err(&failed)?
    {
        let event = stored_event(&row)?;
        bytes += event.payload.len();
        events.push(event);
    }
    Ok(events)
}

fn stored_event(row: &Row) -> Result<StoredEvent, PortError> {
    let place: i64 = get(row, 2)?;
    let out_of_range = |error| PortError::corrupt("the place of an event is out of range").with_source(error);
    Ok(StoredEvent {
        offset: offset(get(row, 0)?),
        sequence: unsigned(get(row, 1)?, "the sequence of an event")?,
        place: u32::try_from(place).map_err(out_of_range)?,
        time: time(get(row, 3)?)?,
        key: get(row, 4)?,
        payload: get(row, 5)?,
    })
}

/// A note.
pub(super) async fn note(client: &Object, key: &str) -> Result<Option<Vec<u8>>, PortError> {
    first(client, NOTE, &[&key], "read a note").await?.map(|row| get(&row, 0)).transpose()
}

/// Notes in the order of their names.
pub(super) async fn notes(
    client: &Object,
    after: &str,
    limit: usize,
) -> Result<Vec<(String, Vec<u8>)>, PortError> {
    let rows = query(client, NOTES, &[&after, &as_limit(limit)], "read notes").await?;
    rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
}

/// The last position in the packs that a commit relies on.
pub(super) async fn pack_end(client: &Object) -> Result<Option<PackPosition>, PortError> {
    first(client, PACK_END, &[], "read the end of the packs").await?.map(|row| position(&row, 0)).transpose()
}

fn position(row: &Row, from: usize) -> Result<PackPosition, PortError> {
    let part = |place: usize| -> Result<u32, PortError> {
        u32::try_from(get::<i64>(row, place)?)
            .map_err(|error| PortError::corrupt("a position in the packs is out of range").with_source(error))
    };
    let offset = unsigned(get(row, from + 1)?, "a position in the packs")?;
    Ok(PackPosition { pack: part(from)?, offset, length: part(from + 2)? })
}

/// The entry of one content.
pub(super) async fn content(client: &Object, key: &ContentKey) -> Result<Option<ContentEntry>, PortError> {
    let sql = format!("{CONTENT} WHERE c.domain = $1 AND c.digest = $2");
    let digest = &key.digest.as_bytes()[..];
    let row = first(client, &sql, &[&key.domain.as_str(), &digest], "read an entry of content").await?;
    row.map(|row| entry(&row)).transpose()
}

/// Entries in the order of their keys.
pub(super) async fn contents(
    client: &Object,
    after: Option<&ContentKey>,
    limit: usize,
) -> Result<Vec<ContentEntry>, PortError> {
    let sql = format!("{CONTENT} WHERE (c.domain, c.digest) > ($1, $2) ORDER BY c.domain, c.digest LIMIT $3");
    // no domain is empty, so that nothing comes before or at ('', '')
    let (domain, digest): (&str, &[u8]) =
        after.map_or(("", &[]), |after| (after.domain.as_str(), after.digest.as_bytes()));
    let rows = query(client, &sql, &[&domain, &digest, &as_limit(limit)], "read entries of content").await?;
    rows.iter().map(entry).collect()
}

/// Entries nobody has referred to since before `before`, the longest first.
pub(super) async fn unreferenced(
    client: &Object,
    before: Timestamp,
    limit: usize,
) -> Result<Vec<ContentEntry>, PortError> {
    let sql = format!("{CONTENT} WHERE c.unreferenced_since < $1 ORDER BY c.unreferenced_since LIMIT $2");
    let rows = query(client, &sql, &[&before.micros(), &as_limit(limit)], "read entries of content").await?;
    rows.iter().map(entry).collect()
}

/// Entries of the contents in an object, in their order in it.
pub(super) async fn packed(client: &Object, number: u32) -> Result<Vec<ContentEntry>, PortError> {
    let sql = format!("{CONTENT} WHERE c.place = 3 AND c.pack = $1 ORDER BY c.pack_offset");
    let rows = query(client, &sql, &[&i64::from(number)], "read what is in an object").await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &Row) -> Result<ContentEntry, PortError> {
    let domain = Domain::parse(get(row, 0)?)
        .map_err(|error| PortError::corrupt("the domain of a content is malformed").with_source(error))?;
    let digest = Digest::from_bytes(array(row, 1)?);
    let place = match get::<i64>(row, 3)? {
        IN_PACK => Place::Pack(position(row, 4)?),
        IN_STORE => Place::Store,
        IN_DATABASE => Place::Database,
        IN_OBJECT => {
            let unknown = || PortError::corrupt(format!("the object of content {digest} is not known"));
            let object = get::<Option<&[u8]>>(row, 9)?.ok_or_else(unknown)?;
            let object = Digest::from_slice(object).ok_or_else(unknown)?;
            Place::Object(ObjectPosition { object, at: position(row, 4)? })
        }
        other => return Err(PortError::corrupt(format!("the place of content {digest} is {other}"))),
    };
    Ok(ContentEntry {
        key: ContentKey { domain, digest },
        size: unsigned(get(row, 2)?, "the size of a content")?,
        place,
        references: unsigned(get(row, 7)?, "the number of references")?,
        unreferenced_since: get::<Option<i64>>(row, 8)?.map(time).transpose()?,
    })
}

/// The bytes of content kept in the database.
pub(super) async fn small_content(client: &Object, key: &ContentKey) -> Result<Vec<u8>, PortError> {
    let digest = &key.digest.as_bytes()[..];
    let row = first(client, SMALL_CONTENT, &[&key.domain.as_str(), &digest], "read small content").await?;
    match row {
        Some(row) => get(&row, 0),
        None => Err(PortError::missing(format!("content {} is not in the database", key.digest))),
    }
}

/// A reply that has not expired.
pub(super) async fn reply(
    client: &Object,
    scope: &str,
    key: &str,
    now: Timestamp,
) -> Result<Option<IdempotentReply>, PortError> {
    let row = first(client, REPLY, &[&scope, &key, &now.micros()], "read a reply").await?;
    row.map(|row| {
        Ok(IdempotentReply {
            scope: scope.to_owned(),
            key: key.to_owned(),
            request: Digest::from_bytes(array(&row, 0)?),
            reply: get(&row, 1)?,
            expires: time(get(&row, 2)?)?,
        })
    })
    .transpose()
}

/// Replies in the order of scope and key.
pub(super) async fn replies(
    client: &Object,
    after: (&str, &str),
    limit: usize,
) -> Result<Vec<IdempotentReply>, PortError> {
    let rows = query(client, REPLIES, &[&after.0, &after.1, &as_limit(limit)], "read replies").await?;
    rows.iter()
        .map(|row| {
            Ok(IdempotentReply {
                scope: get(row, 0)?,
                key: get(row, 1)?,
                request: Digest::from_bytes(array(row, 2)?),
                reply: get(row, 3)?,
                expires: time(get(row, 4)?)?,
            })
        })
        .collect()
}
