//! From PostgreSQL's errors to the one error of ports.

use deadpool_postgres::PoolError;
use strongroom_kernel::ports::{PortError, PortErrorKind};
use tokio_postgres::{Error, error::SqlState};

/// The port's error for `error`, which came while doing `context`.
pub(super) fn port_error(context: impl Into<String>, error: Error) -> PortError {
    PortError::new(kind(&error), context).with_source(error)
}

/// As [`port_error`], for `map_err`.
pub(super) fn failed(context: &'static str) -> impl Fn(Error) -> PortError {
    move |error| port_error(context, error)
}

/// The port's error when no connection was to be had.
pub(super) fn no_connection(error: PoolError) -> PortError {
    PortError::unavailable("take a connection that reads").with_source(error)
}

fn kind(error: &Error) -> PortErrorKind {
    let Some(state) = error.code() else {
        // what goes wrong on this side: a value that does not fit its parameter, or a connection that is gone
        return if is_about_parameters(error) { PortErrorKind::Refused } else { PortErrorKind::Unavailable };
    };
    if *state == SqlState::DISK_FULL {
        return PortErrorKind::Full;
    }
    if *state == SqlState::READ_ONLY_SQL_TRANSACTION {
        return PortErrorKind::Refused;
    }
    match state.code().get(..2) {
        // data exceptions, syntax errors and unknown names, limits of a program
        Some("22" | "42" | "54") => PortErrorKind::Refused,
        Some("23") => PortErrorKind::Conflict,
        Some("XX") if *state != SqlState::INTERNAL_ERROR => PortErrorKind::Corrupt,
        _ => PortErrorKind::Unavailable,
    }
}

/// The driver keeps the kind of its errors to itself; what they are about is in their text.
fn is_about_parameters(error: &Error) -> bool {
    let text = error.to_string();
    text.starts_with("error serializing parameter") || text.starts_with("expected ")
}
