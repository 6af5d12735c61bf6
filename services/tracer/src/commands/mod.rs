//! The use-cases: what the service does, without HTTP and without knowing where rows go.

pub mod fetch;
pub mod trace;

use strongroom_kernel::Action;

use crate::tables::SERVICE;

const fn action(name: &'static str) -> Action {
    Action { service: SERVICE, name }
}

/// Show credentials to see whether they hold.
pub const LOG_IN: Action = action("log_in");
/// Add a trace.
pub const ADD_TRACE: Action = action("add_trace");
/// Write down what became of a file that a trace gives by its address.
pub const FETCH_RESOURCE: Action = action("fetch_resource");
/// Have the files of a trace that were given up tried again.
pub const RETRY_FETCHES: Action = action("retry_fetches");
/// Take a trace over that is here already, from another chain.
pub const IMPORT_TRACE: Action = action("import_trace");
/// Read traces; only its denials are recorded.
pub const READ_TRACES: Action = action("read_traces");
/// Look into the cache, or ask for an entry to be sent again; only its denials are recorded.
pub const READ_CACHE: Action = action("read_cache");
/// Change or remove an entry of the cache: always refused, and recorded.
pub const CHANGE_CACHE: Action = action("change_cache");
/// Ask for statistics; only its denials are recorded.
pub const READ_STATISTICS: Action = action("read_statistics");
/// Ask for the ledgers; only its denials are recorded.
pub const READ_LEDGERS: Action = action("read_ledgers");
