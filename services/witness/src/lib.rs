//! `witness`: cosigns what other ledgers publish (`c2sp.org/tlog-witness`, `c2sp.org/tlog-mirror`).
//!
//! A [`Witness`] keeps the latest checkpoint of each log it knows and cosigns only what continues it. A [`Mirror`]
//! keeps all leaves too and cosigns only what it holds. Neither has a ledger of its own: no unit, no record, no
//! kernel. Both keep their state as notes of a database ([`Keeper`]); where that is, and how logs are asked, is
//! decided by whoever starts them.
//!
//! In reading order: [`Logs`], [`Keeper`], `book` (what was seen of one log), `witness`, `http`, `mirror/`.

mod answers;
mod book;
mod counts;
mod evidence;
mod http;
mod keeper;
mod logs;
mod mirror;
mod witness;

pub use counts::Figures;
pub use http::{mirror_router, witness_router};
pub use keeper::Keeper;
pub use logs::{KnownLog, Logs};
pub use mirror::{Mirror, MirrorParts, MirroredLog};
pub use witness::Witness;
