//! Passwords of local accounts: their stored forms, and checking one without letting strangers spend our CPU.

mod account;
mod stored;

pub use account::{Busy, LocalAccount};
pub use stored::{StoredPassword, StoredPasswordError};
