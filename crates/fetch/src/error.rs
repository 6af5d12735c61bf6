//! The client's errors as errors of a port. URLs stay out of them: they can hold credentials.

use strongroom_kernel::ports::{PortError, PortErrorKind};

use crate::resolver::forbidden;

/// `Refused` for what another try cannot cure: a bad URL, a forbidden address, too many redirects.
pub(crate) fn port_error(context: &str, error: reqwest::Error) -> PortError {
    let error = error.without_url();
    let forbidden = forbidden(&error);
    let refused = forbidden.is_some() || error.is_builder() || error.is_redirect();
    let kind = if refused { PortErrorKind::Refused } else { PortErrorKind::Unavailable };
    let context = match forbidden {
        Some(forbidden) => format!("{context}: {forbidden}"),
        None if error.is_timeout() => format!("{context}: no answer in time"),
        None => context.to_owned(),
    };
    PortError::new(kind, context).with_source(error)
}
