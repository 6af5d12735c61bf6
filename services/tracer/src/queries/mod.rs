//! What is asked of the tables: a few statements per question, each by an index.

mod origin;
mod pending;
mod person;
mod rows;
mod search;
pub mod statistics;
mod tally;
mod trace;

pub use origin::count_origins;
pub use pending::pending_traces;
pub use person::{names_of, person_named, persons_folded};
pub use search::{Found, Readable, search};
pub use tally::counted_datasets;
pub use trace::{find_trace, named};
