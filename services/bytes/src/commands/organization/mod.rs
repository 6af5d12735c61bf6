//! Organisations, which the service knows by what they have stored.

mod delete;

pub use delete::{DeleteOrganization, Deleted, delete_organization};
