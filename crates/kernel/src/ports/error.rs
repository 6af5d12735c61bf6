//! The one error of all ports.

use std::error::Error as StdError;

/// What went wrong behind a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PortErrorKind {
    /// The thing asked for is not there.
    Missing,
    /// The thing to be made is there already.
    Exists,
    /// What is stored stands against it.
    Conflict,
    /// The request itself is wrong or over a limit.
    Refused,
    /// The backend does not answer, or not in time; another try may succeed. The call may have been carried out.
    Unavailable,
    /// No space is left.
    Full,
    /// What is stored is not what was stored.
    Corrupt,
}

/// An error of a port: a kind to act on, a context and the backend's own error for operators.
#[derive(Debug, thiserror::Error)]
#[error("{context}")]
pub struct PortError {
    /// What to act on.
    pub kind: PortErrorKind,
    /// What was being done, as verb and object: `read manifest`.
    pub context: String,
    /// The backend's own error.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl PortError {
    /// An error of `kind` while doing `context`.
    pub fn new(kind: PortErrorKind, context: impl Into<String>) -> Self {
        Self { kind, context: context.into(), source: None }
    }

    /// The backend does not answer.
    pub fn unavailable(context: impl Into<String>) -> Self {
        Self::new(PortErrorKind::Unavailable, context)
    }

    /// What is stored is not what was stored.
    pub fn corrupt(context: impl Into<String>) -> Self {
        Self::new(PortErrorKind::Corrupt, context)
    }

    /// The thing asked for is not there.
    pub fn missing(context: impl Into<String>) -> Self {
        Self::new(PortErrorKind::Missing, context)
    }

    /// The request itself is wrong.
    pub fn refused(context: impl Into<String>) -> Self {
        Self::new(PortErrorKind::Refused, context)
    }

    /// Adds the backend's own error.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// An I/O error while doing `context`: a full disk is [`PortErrorKind::Full`], an absent file
    /// [`PortErrorKind::Missing`], all else [`PortErrorKind::Unavailable`].
    pub fn io(context: impl Into<String>, error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        let kind = match error.kind() {
            ErrorKind::NotFound => PortErrorKind::Missing,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                PortErrorKind::Full
            }
            ErrorKind::AlreadyExists => PortErrorKind::Exists,
            _ => PortErrorKind::Unavailable,
        };
        Self::new(kind, context).with_source(error)
    }
}
