//! Tokens.

mod issue;

pub(super) use issue::issue;
