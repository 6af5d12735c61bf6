//! What is asked of the tables: a few statements per question, each by an index.

mod fetches;
mod origin;
mod pending;
mod person;
mod rows;
mod search;
pub mod statistics;
mod tally;
mod trace;

pub use fetches::{are_too_many_waiting, unfinished_fetches, waiting_fetches};
pub use origin::count_origins;
pub use pending::{pending_traces, traces_in_order};
pub use person::{names_of, person_named, persons_folded};
pub use search::{Found, Readable, search, search_statements};
pub use tally::counted_datasets;
pub use trace::{find_trace, named, sequence_of};
