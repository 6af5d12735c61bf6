//! The personal values of a record, one by one: where each stands, and how they are taken away.

use serde_json::Value as Json;

use crate::ports::{PortError, StoredRecord};

/// Where a personal value stands in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonalPlace {
    /// The name of who asked.
    Caller,
    /// The digest of a content that was touched: its place in the list, and its domain.
    Content {
        /// The domain beside it.
        domain: String,
    },
    /// The digest of an event's payload.
    Event {
        /// Place among the events of the unit.
        place: u32,
    },
    /// A column of a row that was put.
    Column {
        /// Place among the row operations of the record.
        row: usize,
        /// Name of the column.
        column: String,
    },
}

/// One commitment of a record with what opens it.
#[derive(Debug, Clone, PartialEq)]
pub struct Personal {
    /// Where it stands.
    pub place: PersonalPlace,
    /// The value; `None` once it was erased.
    pub value: Option<Json>,
}

/// The personal values of `record` in the order of its openings. Does not check that they fit the commitments;
/// [`super::open()`] does.
///
/// # Errors
/// `Corrupt` when record or openings are malformed.
pub fn personal(record: &StoredRecord) -> Result<Vec<Personal>, PortError> {
    let plain: Json = serde_json::from_slice(&record.canonical).map_err(|_| malformed(record))?;
    let mut openings = openings(record)?.into_iter();
    let mut found = Vec::with_capacity(openings.len());
    walk(&plain, &mut Vec::new(), &mut |path| {
        let mut opening = openings.next()?;
        let value = opening.get_mut("value").map(Json::take);
        found.push(Personal { place: place(&plain, path)?, value });
        Some(())
    })
    .ok_or_else(|| malformed(record))?;
    if openings.next().is_some() { Err(malformed(record)) } else { Ok(found) }
}

/// The openings of `record` without those at `places`: what is left to be stored.
///
/// # Errors
/// `Corrupt` when the openings are malformed or have no such place.
pub fn without(record: &StoredRecord, places: impl IntoIterator<Item = usize>) -> Result<Vec<u8>, PortError> {
    let mut openings = openings(record)?;
    for place in places {
        *openings.get_mut(place).ok_or_else(|| malformed(record))? = Json::Null;
    }
    serde_json::to_vec(&openings).map_err(|_| malformed(record))
}

fn openings(record: &StoredRecord) -> Result<Vec<Json>, PortError> {
    if record.openings.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_slice(&record.openings).map_err(|_| malformed(record))
}

fn malformed(record: &StoredRecord) -> PortError {
    PortError::corrupt(format!("record {}: its personal values are malformed", record.index))
}

/// A step from a node to one below it.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

/// Tells of each commitment, in the order of the canonical text; members of a parsed object are sorted as there.
fn walk<'a>(
    json: &'a Json,
    path: &mut Vec<Step<'a>>,
    tell: &mut impl FnMut(&[Step<'a>]) -> Option<()>,
) -> Option<()> {
    match json {
        Json::Array(items) => items.iter().enumerate().try_for_each(|(place, item)| {
            path.push(Step::Item(place));
            walk(item, path, tell)?;
            path.pop();
            Some(())
        }),
        Json::Object(members) if super::open::committed(members).is_some() => tell(path),
        Json::Object(members) => members.iter().try_for_each(|(name, member)| {
            path.push(Step::Member(name));
            walk(member, path, tell)?;
            path.pop();
            Some(())
        }),
        _ => Some(()),
    }
}

fn place(plain: &Json, path: &[Step<'_>]) -> Option<PersonalPlace> {
    use Step::{Item, Member};
    Some(match *path {
        [Member("caller"), Member("name")] => PersonalPlace::Caller,
        [Member("content"), Item(item), Member("digest")] => {
            PersonalPlace::Content { domain: plain["content"][item]["domain"].as_str()?.to_owned() }
        }
        [Member("events"), Item(item), Member("payload")] => {
            PersonalPlace::Event { place: u32::try_from(item).ok()? }
        }
        [Member("rows"), Item(row), Member("values"), Member(column)] => {
            PersonalPlace::Column { row, column: column.to_owned() }
        }
        _ => return None,
    })
}
