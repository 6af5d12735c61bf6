//! The one error of use-cases. Ports have their own, smaller one in the kernel.

use std::{error::Error as StdError, fmt, time::Duration};

/// What went wrong, as far as a caller can act on it.
///
/// Services map these exhaustively to their own status and body: a new kind must be decided there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request cannot be understood or breaks a rule of its form.
    Invalid,
    /// No credential, or one that does not hold.
    Unauthenticated,
    /// A known caller may not do this.
    Denied,
    /// The thing asked for is not there.
    NotFound,
    /// What is stored stands against it (duplicate, changed meanwhile).
    Conflict,
    /// Over a limit of size or count.
    TooLarge,
    /// Asked for something this service does not do.
    Unsupported,
    /// Too many requests by this caller.
    RateLimited,
    /// A part Strongroom needs does not answer, or more is asked than it can do now; try again.
    Unavailable,
    /// No space is left, or the reserve would be touched.
    StorageFull,
    /// A fault of Strongroom or of what it stores.
    Internal,
}

/// An error of a use-case: a text for the caller, and a context only for operators.
///
/// `Display` prints the public text. The private context is reached by [`Error::context`] alone,
/// so that it cannot slip into an answer.
pub struct Error {
    kind: ErrorKind,
    public: String,
    context: Option<String>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind` with its text for the caller: lower case, no full stop.
    pub fn new(kind: ErrorKind, public: impl Into<String>) -> Self {
        Self { kind, public: public.into(), context: None, retry_after: None, source: None }
    }

    /// Adds what operators need to know and callers must not.
    #[must_use]
    pub fn with_context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Adds the error behind this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds when another try makes sense.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The text for the caller.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The context for operators, if there is one.
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// When another try makes sense, if known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Context and all sources in one line, for the diagnostics of the operator.
    pub fn diagnosis(&self) -> String {
        let mut text = self.context.clone().unwrap_or_else(|| self.public.clone());
        let mut next = self.source();
        while let Some(error) = next {
            text.push_str(": ");
            text.push_str(&error.to_string());
            next = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.public)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Error({:?}, {:?}, {:?})", self.kind, self.public, self.diagnosis())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_and_sources_stay_out_of_the_public_text() {
        let error = Error::new(ErrorKind::Internal, "internal error")
            .with_context("read row of bytes_raw_file")
            .with_source(std::io::Error::other("disk gone"));
        assert_eq!(error.to_string(), "internal error");
        assert_eq!(error.diagnosis(), "read row of bytes_raw_file: disk gone");
    }
}
