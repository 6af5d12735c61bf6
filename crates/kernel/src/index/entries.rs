//! What the index says of records: the key of its names, the entries of one record, and how far it reaches.

use crate::ports::{Database, PortError, PortErrorKind, RunState, StoredRecord, TermRun};

use super::{
    block::Entry,
    term::{TermKey, names},
};

/// The key of a ledger's index; `None` while it has no record.
///
/// # Errors
/// `Unavailable`.
pub async fn key_of(database: &dyn Database) -> Result<Option<TermKey>, PortError> {
    Ok(database.records(0, 1).await?.first().map(TermKey::of))
}

/// How many leaves live runs cover without a gap.
pub(super) fn covered(runs: &[TermRun]) -> u64 {
    let mut covered = 0;
    for run in runs.iter().filter(|run| run.state == RunState::Live) {
        if run.first == covered {
            covered = run.end;
        }
    }
    covered
}

/// The entries of one record.
///
/// # Errors
/// `Corrupt` when it cannot be read.
pub(super) fn entries_of(record: &StoredRecord, key: &TermKey) -> Result<Vec<Entry>, PortError> {
    let (canonical, plain) = crate::record::plain(record).map_err(|error| match error.kind {
        PortErrorKind::Corrupt => error,
        _ => PortError::corrupt("read a record").with_source(error),
    })?;
    let names = names(&canonical, &plain);
    Ok(names.into_iter().map(|(kind, name)| (key.term(kind, &name), record.index)).collect())
}
