//! Positions of content and who refers to it, as a batch changes them.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use strongroom_kernel::{
    Operation, Table, Value,
    ports::{Batch, PackPosition, Packs, PendingSync, Place, PortError, Prepared},
};
use strongroom_model::{Digest, Timestamp};

use crate::{number::signed, place::number_of};

use super::error::{Stop, failed};

/// The label under which a unit hears that it refers to content nobody has.
pub(super) const UNKNOWN: &str = "content";

const EXISTS: &str = "SELECT 1 FROM kernel_content WHERE domain = ?1 AND digest = ?2";
const ADD: &str = "INSERT INTO kernel_content \
    (domain, digest, size, place, pack, pack_offset, pack_length, refs, unreferenced_since) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const ADD_SMALL: &str =
    "INSERT OR REPLACE INTO kernel_small_content (domain, digest, payload) VALUES (?1, ?2, ?3)";
const CHANGE: &str = "UPDATE kernel_content SET refs = MAX(refs + ?3, 0), \
    unreferenced_since = CASE WHEN refs + ?3 <= 0 THEN ?4 END WHERE domain = ?1 AND digest = ?2";
const PACK_END: &str =
    "INSERT OR REPLACE INTO kernel_pack_end (id, pack, pack_offset, pack_length) VALUES (0, ?1, ?2, ?3)";

/// Whether a content has an entry, under its domain and digest.
pub(super) fn exists(connection: &Connection, domain: &str, digest: &Digest) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached(EXISTS)?;
    statement.query_row(params![domain, digest.as_bytes()], |_| Ok(())).optional().map(|row| row.is_some())
}

/// References that a unit's operations add and drop.
#[derive(Debug, Default)]
pub(super) struct References(Vec<Change>);

#[derive(Debug)]
struct Change {
    domain: String,
    digest: Digest,
    by: i64,
}

impl References {
    /// Notes that a row referred to `old` and now refers to `new`.
    pub(super) fn change(&mut self, old: Option<(String, Digest)>, new: Option<(&str, Digest)>) {
        if old.as_ref().map(|(domain, digest)| (domain.as_str(), *digest)) == new {
            return;
        }
        self.0.extend(old.map(|(domain, digest)| Change { domain, digest, by: -1 }));
        self.0.extend(new.map(|(domain, digest)| Change { domain: domain.to_owned(), digest, by: 1 }));
    }

    /// Takes out what concerns one content and returns the sum.
    fn take(&mut self, domain: &str, digest: &Digest) -> i64 {
        let mut sum = 0;
        self.0.retain(|change| {
            let same = change.digest == *digest && change.domain == domain;
            sum += if same { change.by } else { 0 };
            !same
        });
        sum
    }

    /// Writes what is left; entries that do not exist are not made.
    pub(super) fn write(&mut self, connection: &Connection, time: Timestamp) -> rusqlite::Result<()> {
        // in the order of the unit, so that one dropped and added again is referred to
        for change in self.0.drain(..) {
            connection.prepare_cached(CHANGE)?.execute(params![
                change.domain,
                change.digest.as_bytes(),
                change.by,
                time.micros()
            ])?;
        }
        Ok(())
    }
}

/// The content a put refers to.
pub(super) fn reference(values: &[Value], places: Option<(usize, usize)>) -> Option<(&str, Digest)> {
    let (domain, digest) = places?;
    match (values.get(domain), values.get(digest)) {
        (Some(Value::Text(domain)), Some(Value::Digest(digest))) => Some((domain, *digest)),
        _ => None,
    }
}

/// The small contents of a batch: which are there already, and where the others went.
#[derive(Debug, Default)]
pub(super) struct SmallContents<'b> {
    absent: HashMap<(&'b str, &'b Digest), Place>,
    end: Option<PackPosition>,
}

impl<'b> SmallContents<'b> {
    /// Looks all small contents of the batch up and appends the absent ones to its packs, all in one call;
    /// the sync that was begun runs while the batch is written.
    pub(super) fn prepare(
        connection: &Connection,
        batch: &'b Batch,
    ) -> Result<(Self, Option<PendingSync>), PortError> {
        let mut keys = Vec::new();
        let mut payloads: Vec<&[u8]> = Vec::new();
        let mut absent = HashMap::new();
        for content in batch.units.iter().flat_map(|unit| &unit.small) {
            let key = (content.domain.as_str(), &content.digest);
            if absent.contains_key(&key)
                || exists(connection, key.0, key.1).map_err(failed("look content up"))?
            {
                continue;
            }
            absent.insert(key, Place::Database);
            keys.push(key);
            payloads.push(&content.bytes);
        }
        let Some(packs) = batch.packs.as_deref().filter(|_| !keys.is_empty()) else {
            return Ok((Self { absent, end: None }, None));
        };
        let (positions, sync) = append(packs, &payloads)?;
        let end = positions.last().copied();
        absent.extend(keys.into_iter().zip(positions.into_iter().map(Place::Pack)));
        Ok((Self { absent, end }, Some(sync)))
    }

    /// Remembers how far the packs reach.
    pub(super) fn write_end(&self, connection: &Connection) -> rusqlite::Result<()> {
        if let Some(end) = self.end {
            let position = params![end.pack, signed(end.offset), end.length];
            connection.prepare_cached(PACK_END)?.execute(position)?;
        }
        Ok(())
    }

    /// Makes the entries of the unit's new contents and writes its references.
    pub(super) fn write(
        &mut self,
        connection: &Connection,
        unit: &'b Prepared,
        mut references: References,
        time: Timestamp,
    ) -> rusqlite::Result<()> {
        for content in &unit.small {
            let Some(place) = self.absent.remove(&(content.domain.as_str(), &content.digest)) else {
                continue;
            };
            let (domain, digest) = (content.domain.as_str(), &content.digest);
            let count = references.take(domain, digest);
            if place == Place::Database {
                let payload = params![domain, digest.as_bytes(), &content.stored()[..]];
                connection.prepare_cached(ADD_SMALL)?.execute(payload)?;
            }
            add(connection, domain, digest, content.bytes.len() as u64, place, count, time)?;
        }
        for content in &unit.large {
            let (domain, digest) = (content.domain.as_str(), &content.digest);
            if !exists(connection, domain, digest)? {
                let count = references.take(domain, digest);
                add(connection, domain, digest, content.size, Place::Store, count, time)?;
            }
        }
        references.write(connection, time)
    }
}

fn append(packs: &dyn Packs, payloads: &[&[u8]]) -> Result<(Vec<PackPosition>, PendingSync), PortError> {
    let (positions, sync) = packs.append(payloads)?;
    if positions.len() == payloads.len() {
        Ok((positions, sync))
    } else {
        Err(PortError::corrupt("packs gave another number of positions than contents"))
    }
}

fn add(
    connection: &Connection,
    domain: &str,
    digest: &Digest,
    size: u64,
    place: Place,
    count: i64,
    time: Timestamp,
) -> rusqlite::Result<()> {
    let (place, position) = number_of(place);
    let count = count.max(0);
    connection.prepare_cached(ADD)?.execute(params![
        domain,
        digest.as_bytes(),
        signed(size),
        place,
        position.map(|position| position.pack),
        position.map(|position| signed(position.offset)),
        position.map(|position| position.length),
        count,
        (count == 0).then_some(time.micros()),
    ])?;
    Ok(())
}

/// Checks, before anything of the unit is written, that all content its rows refer to is known.
pub(super) fn check_known(
    connection: &Connection,
    unit: &Prepared,
    mut places: impl FnMut(&'static Table) -> Option<(usize, usize)>,
) -> Result<(), Stop> {
    for operation in &unit.operations {
        let Operation::Put { table, values, .. } = operation else { continue };
        if table.content.is_none() {
            continue;
        }
        let Some((domain, digest)) = reference(values, places(table)) else { continue };
        let rides = unit
            .small
            .iter()
            .any(|content| content.digest == digest && content.domain.as_str() == domain)
            || unit.large.iter().any(|content| content.digest == digest && content.domain.as_str() == domain);
        if !rides && !exists(connection, domain, &digest)? {
            return Err(Stop::unmet(Some(UNKNOWN)));
        }
    }
    Ok(())
}
