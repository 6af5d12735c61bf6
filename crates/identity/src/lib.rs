//! Who may do what in Strongroom itself: signed tokens with a role and an end.
//!
//! Accounts and tokens of the imitated services are theirs (`services/<name>`); this is for roles that none of
//! them has, such as the auditor's.

mod key;
mod token;

pub use key::{KeyError, TokenKey};
pub use token::{Claims, Refusal, Role};
