//! Organisations, which the service knows by what they have stored; and how that goes.

mod delete;
mod expire;
mod remove;

pub use delete::{DeleteOrganization, delete_organization};
pub use expire::{expire_jobs, keep_retention};
pub use remove::Deleted;
use strongroom_model::{Error, ErrorKind};

/// What a deletion says to an expectation it did not have.
fn unexpected() -> Error {
    Error::new(ErrorKind::Internal, "internal error").with_context("a deletion expects nothing by name")
}
