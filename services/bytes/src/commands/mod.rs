//! The use-cases: what the service does, without HTTP and without knowing where rows or bytes go.
//!
//! Each is a function from a snapshot to one unit of work, or a read through the kernel's one door.

pub mod boefje_meta;
pub mod normalizer_meta;
pub mod organization;
pub mod proof;
pub mod raw;

use strongroom_kernel::Action;
use strongroom_model::{Error, ErrorKind};

use crate::tables::SERVICE;

/// What the original says when an object stands in the way of another, or is missed by one.
pub const INTEGRITY: &str = "Integrity error: object might already exist";

const fn action(name: &'static str) -> Action {
    Action { service: SERVICE, name }
}

/// Log in.
pub const LOG_IN: Action = action("log_in");
/// Read metadata; only its denials are recorded.
pub const READ_METADATA: Action = action("read_metadata");
/// Read the metrics; only its denials are recorded.
pub const READ_METRICS: Action = action("read_metrics");
/// Save a scan job.
pub const SAVE_BOEFJE_META: Action = action("save_boefje_meta");
/// Save raw files.
pub const SAVE_RAW: Action = action("save_raw");
/// Read the content of raw files.
pub const READ_RAW: Action = action("read_raw");
/// Save a parser job.
pub const SAVE_NORMALIZER_META: Action = action("save_normalizer_meta");
/// Delete all that an organisation has.
pub const DELETE_ORGANIZATION: Action = action("delete_organization");
/// Delete jobs that are older than they are kept.
pub const EXPIRE_JOBS: Action = action("expire_jobs");
/// Add a proof to a raw file.
pub const ADD_PROOF: Action = action("add_proof");
/// Check the proof of a raw file.
pub const CHECK_PROOF: Action = action("check_proof");

fn integrity_error() -> Error {
    Error::new(ErrorKind::Conflict, INTEGRITY)
}
