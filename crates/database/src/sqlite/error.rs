//! From SQLite's errors to the one error of ports, and what a broken unique constraint was about.

use rusqlite::{ErrorCode, ffi};
use strongroom_kernel::{
    Table,
    ports::{PortError, PortErrorKind, UnitOutcome},
};

use crate::statements::{label_of_columns, label_of_index};

/// Why a unit was not carried out: for a reason of its own, or because the database failed.
#[derive(Debug)]
pub(super) enum Stop {
    /// The unit is undone, its neighbours are not.
    Refused(UnitOutcome),
    /// The whole batch is undone.
    Failed(PortError),
}

impl Stop {
    /// The unit's expectation, or a constraint, did not hold.
    pub(super) fn unmet(label: Option<&'static str>) -> Self {
        Self::Refused(UnitOutcome::Unmet(label))
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(port_error("write to the database", error))
    }
}

impl From<PortError> for Stop {
    fn from(error: PortError) -> Self {
        Self::Failed(error)
    }
}

/// The port's error for `error`, which came while doing `context`.
pub(super) fn port_error(context: impl Into<String>, error: rusqlite::Error) -> PortError {
    PortError::new(kind(&error), context).with_source(error)
}

/// As [`port_error`], for `map_err`.
pub(super) fn failed(context: &'static str) -> impl Fn(rusqlite::Error) -> PortError {
    move |error| port_error(context, error)
}

fn kind(error: &rusqlite::Error) -> PortErrorKind {
    use rusqlite::Error;
    match error {
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DiskFull => PortErrorKind::Full,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => PortErrorKind::Corrupt,
            ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch => PortErrorKind::Conflict,
            ErrorCode::Unknown | ErrorCode::TooBig | ErrorCode::ReadOnly | ErrorCode::ParameterOutOfRange => {
                PortErrorKind::Refused
            }
            _ => PortErrorKind::Unavailable,
        },
        Error::SqlInputError { .. } | Error::InvalidParameterCount(..) | Error::InvalidColumnIndex(_) => {
            PortErrorKind::Refused
        }
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..)
        | Error::InvalidColumnType(..) => PortErrorKind::Corrupt,
        _ => PortErrorKind::Unavailable,
    }
}

/// A key or unique constraint that does not hold, with its label if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BrokenUnique(pub(super) Option<&'static str>);

/// The key or unique constraint of `table` that `error` speaks of; `None` when it is about something else.
pub(super) fn broken_unique(table: &Table, error: &rusqlite::Error) -> Option<BrokenUnique> {
    let rusqlite::Error::SqliteFailure(failure, message) = error else { return None };
    if !matches!(failure.extended_code, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) {
        return None;
    }
    let named = message.as_deref()?.strip_prefix("UNIQUE constraint failed: ")?;
    Some(BrokenUnique(label_of(table, named)))
}

/// SQLite names the columns, `t.a, t.b`, or for an index over expressions the index, `index 't_label'`.
fn label_of(table: &Table, named: &str) -> Option<&'static str> {
    if let Some(index) = named.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) {
        return label_of_index(table, index);
    }
    let columns: Vec<&str> =
        named.split(", ").filter_map(|column| column.strip_prefix(table.name)?.strip_prefix('.')).collect();
    label_of_columns(table, &columns)
}

#[cfg(test)]
mod tests {
    use strongroom_kernel::Unique;

    use super::*;

    const TABLE: Table = Table {
        name: "library_page",
        columns: &[],
        key: &["id"],
        uniques: &[
            Unique { label: "page_number", columns: &["book", "number"] },
            Unique { label: "title", columns: &["title"] },
        ],
        content: None,
    };

    #[test]
    fn columns_in_any_order_and_index_names_find_their_label() {
        assert_eq!(label_of(&TABLE, "library_page.number, library_page.book"), Some("page_number"));
        assert_eq!(label_of(&TABLE, "library_page.title"), Some("title"));
        assert_eq!(label_of(&TABLE, "index 'library_page_title'"), Some("title"));
        assert_eq!(label_of(&TABLE, "library_page.id"), None);
        assert_eq!(label_of(&TABLE, "library_page.number"), None);
    }
}
