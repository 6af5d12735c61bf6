//! A page of a life, found in a database.

use std::{future::Future, ops::Range};

use serde::{Deserialize, Serialize};
use strongroom_kernel::{
    index::{Found, MAX_NAME_BYTES, TermKind, is_digest, names},
    ports::{Database, PortError, StoredRecord},
    record,
};
use strongroom_ledger::Leaf;
use strongroom_model::Timestamp;

use super::{filter::Filter, seen::Seen};

/// Records looked at for one page: a filter that wants few of many ends a page early.
const LOOKED_AT: usize = 2_000;
/// Leaves looked up at once.
const FOUND_AT_ONCE: usize = 500;
/// Records read at once.
const READ_AT_ONCE: usize = 100;
/// Bytes of records after which a page ends early; the reader goes on from `next`.
const MOST_BYTES: usize = 16 << 20;

/// Whose life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// `object`, `subject` or `caller`.
    pub kind: String,
    /// Digest, id or name.
    pub name: String,
}

impl About {
    /// A life of `kind` and `name`; `sha256:` before a digest may stay away.
    ///
    /// # Errors
    /// What is wrong with the name.
    pub fn new(kind: TermKind, name: &str) -> Result<Self, &'static str> {
        let name = match kind {
            TermKind::Object => name.strip_prefix("sha256:").unwrap_or(name).to_ascii_lowercase(),
            TermKind::Subject | TermKind::Caller => name.to_owned(),
        };
        if kind == TermKind::Object && !is_digest(&name) {
            return Err("an object is named by its SHA-256 in 64 hex digits");
        }
        if name.is_empty() || name.len() > MAX_NAME_BYTES {
            return Err("a name has 1 to 512 bytes");
        }
        Ok(Self { kind: kind.word().to_owned(), name })
    }

    /// Its kind; an unknown one, which [`About::new`] does not make, is a subject.
    pub fn term_kind(&self) -> TermKind {
        TermKind::parse(&self.kind).unwrap_or(TermKind::Subject)
    }

    /// Whether a record names it.
    ///
    /// # Errors
    /// `Corrupt` when the record cannot be read.
    pub fn is_named_by(&self, stored: &StoredRecord) -> Result<bool, PortError> {
        let (canonical, plain) = record::plain(stored)?;
        Ok(names(&canonical, &plain).contains(&(self.term_kind(), self.name.clone())))
    }
}

/// What is asked of a life.
#[derive(Debug, Clone)]
pub struct PageRequest<'a> {
    /// Whose.
    pub about: &'a About,
    /// Which leaves.
    pub filter: &'a Filter,
    /// Which leaves are looked at, see [`range_of`].
    pub range: Range<u64>,
}

/// A page of a life.
#[derive(Debug)]
pub struct Page {
    /// The leaves, in order, with their records.
    pub leaves: Vec<(Seen, StoredRecord)>,
    /// Where the next page begins, when there may be one.
    pub next: Option<u64>,
}

/// The leaves of the first `size` that the filter's times and cursor leave.
///
/// # Errors
/// `Unavailable`, `Corrupt`.
pub async fn range_of(database: &dyn Database, filter: &Filter, size: u64) -> Result<Range<u64>, PortError> {
    let mut start = match filter.from {
        Some(from) => first_at(database, from, size).await?,
        None => 0,
    };
    let end = match filter.to {
        Some(to) => first_at(database, to, size).await?,
        None => size,
    };
    start = start.max(filter.cursor.unwrap_or(0));
    Ok(start.min(end)..end)
}

/// The first leaf at or after `time`: log time never goes back.
async fn first_at(database: &dyn Database, time: Timestamp, size: u64) -> Result<u64, PortError> {
    let (mut low, mut high) = (0, size);
    while low < high {
        let middle = low + (high - low) / 2;
        let leaf = database.leaves(middle, 1).await?.pop();
        let leaf = leaf.ok_or_else(|| PortError::corrupt(format!("leaf {middle} is missing")))?;
        let leaf = Leaf::decode(&leaf)
            .map_err(|error| PortError::corrupt(format!("leaf {middle} is malformed")).with_source(error))?;
        if leaf.time_micros < time.micros() {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// Finds a page; `find` looks leaves up, given a range and how many are wanted. What a leaf's record does not name is
/// left out, whatever the index says.
///
/// # Errors
/// `Unavailable`, `Corrupt`.
pub async fn page<F>(
    database: &dyn Database,
    request: PageRequest<'_>,
    find: impl Fn(Range<u64>, usize) -> F + Send + Sync,
) -> Result<Page, PortError>
where
    F: Future<Output = Result<Found, PortError>> + Send,
{
    let PageRequest { about, filter, range } = request;
    let wanted = filter.page_size();
    let mut leaves: Vec<(Seen, StoredRecord)> = Vec::new();
    let (mut from, mut looked_at, mut bytes) = (range.start, 0, 0);
    let name = (about.term_kind(), about.name.clone());
    loop {
        let found = find(from..range.end, (wanted - leaves.len()).clamp(1, FOUND_AT_ONCE)).await?;
        looked_at += found.leaves.len();
        let mut unread = found.leaves.as_slice();
        while let Some(next) = unread.first() {
            if bytes >= MOST_BYTES {
                return Ok(Page { leaves, next: Some(*next) });
            }
            let (now, later) = unread.split_at(unread.len().min(READ_AT_ONCE));
            unread = later;
            for stored in database.records_at(now).await? {
                let (canonical, plain) = record::plain(&stored)?;
                if !names(&canonical, &plain).contains(&name) {
                    tracing::error!(
                        leaf = stored.index,
                        "the index names a leaf whose record does not; verify"
                    );
                    continue;
                }
                let seen = Seen::of_plain(&stored, &plain)?;
                if filter.wants(&seen) {
                    bytes += stored.text_bytes();
                    leaves.push((seen, stored));
                }
            }
        }
        match found.next {
            Some(next)
                if leaves.len() < wanted
                    && looked_at < LOOKED_AT
                    && bytes < MOST_BYTES
                    && !found.leaves.is_empty() =>
            {
                from = next;
            }
            next => return Ok(Page { leaves, next }),
        }
    }
}
