//! From the errors of ports to the error of use-cases.

use std::time::Duration;

use strongroom_model::{Error, ErrorKind};

use crate::ports::{PortError, PortErrorKind};

/// How soon a caller may try again after a part did not answer.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The error of a use-case behind which a port failed.
pub fn from_port(error: PortError) -> Error {
    match error.kind {
        PortErrorKind::Unavailable => unavailable("a part of the service does not answer"),
        PortErrorKind::Full => {
            Error::new(ErrorKind::StorageFull, "no space is left").with_retry_after(Duration::from_mins(1))
        }
        PortErrorKind::Missing
        | PortErrorKind::Exists
        | PortErrorKind::Conflict
        | PortErrorKind::Refused
        | PortErrorKind::Corrupt => Error::new(ErrorKind::Internal, "internal error"),
    }
    .with_source(error)
}

pub(crate) fn unavailable(public: &str) -> Error {
    Error::new(ErrorKind::Unavailable, public).with_retry_after(RETRY_AFTER)
}
