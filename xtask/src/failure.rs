//! The one error of the chores: what was being done, and why it failed.
//!
//! Nobody decides anything by its kind; it is printed and the chore ends. The product's errors are in its crates.

use std::error::Error;
use std::fmt;

/// A chore that could not be done.
#[derive(Debug)]
pub struct Failure {
    what: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What chores return.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure that is its own cause.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(out, "{}: {source}", self.what),
            None => out.write_str(&self.what),
        }
    }
}

impl Error for Failure {}

/// Says what was being done when something failed.
pub trait Doing<T> {
    /// Names the deed as verb and object: `"start the broker"`.
    ///
    /// # Errors
    /// The same failure, with the deed in front.
    fn doing(self, what: impl fmt::Display) -> Outcome<T>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl fmt::Display) -> Outcome<T> {
        self.map_err(|error| Failure { what: what.to_string(), source: Some(error.into()) })
    }
}
