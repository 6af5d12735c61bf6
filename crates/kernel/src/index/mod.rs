//! The index of terms: which leaves tell of an object, a subject or a caller.
//!
//! It derives from the records and is built behind the commit, by whoever has time: the newest records become a short
//! sorted run ([`build`]), runs of like length become one ([`merge`]), a search looks into each ([`mod@find`]). It
//! covers the leaves from the first up to some tree size, and says so; what lies behind is read from the records.
//! Names are known by keyed hashes ([`term`]), and erasing takes them out again ([`mod@forget`]).

mod block;
mod build;
mod check;
mod entries;
mod find;
mod forget;
mod merge;
mod term;

pub use build::Indexer;
pub use check::rebuild;
pub(crate) use check::{Sum, compare, covers};
pub use entries::key_of;
pub use find::{Found, find};
pub use forget::forget;
pub use term::{MAX_NAME_BYTES, Name, Term, TermKey, TermKind, is_digest, names};
