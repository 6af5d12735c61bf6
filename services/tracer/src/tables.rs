//! The service's tables, each declared once: columns, keys, what is personal.
//!
//! Persons stand in a table of their own and are referred to by a random id, so that forgetting one person changes one
//! row and leaves every trace, count and proof as it is. What describes content (digests, hashes of names and
//! addresses) is personal too: who knows a candidate could test it.

use strongroom_kernel::{Belongs, Json, Migration, Row as _, Schema, TextList, Uuid};
use strongroom_model::Timestamp;

use crate::origin::Origin;

/// Name of the service, in records and table names.
pub const SERVICE: &str = "tracer";

/// Tables and migrations of the service.
pub const SCHEMA: Schema = Schema {
    service: SERVICE,
    tables: &[
        Person::TABLE,
        Trace::TABLE,
        TraceDataset::TABLE,
        TraceModel::TABLE,
        CallerTally::TABLE,
        UserTally::TABLE,
        DatasetTally::TABLE,
        Origin::TABLE,
        ResourceFetch::TABLE,
    ],
    migrations: &[
        Migration { version: 1, name: "tables", sql: include_str!("migrations/0001_tables.sql") },
        Migration { version: 2, name: "origins", sql: include_str!("migrations/0002_origins.sql") },
    ],
};

/// Which rows go with which when a subject is erased: all that stands under a trace goes with it.
pub const BELONGS: &[Belongs] = &[
    Belongs { table: "tracer_trace_dataset", column: "trace", owner: "tracer_trace" },
    Belongs { table: "tracer_trace_model", column: "trace", owner: "tracer_trace" },
    Belongs { table: "tracer_origin", column: "trace", owner: "tracer_trace" },
    Belongs { table: "tracer_fetch", column: "trace", owner: "tracer_trace" },
];

strongroom_kernel::table! {
    /// Somebody who did something, or who said so. Absent values were erased.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Person in "tracer_person" {
        /// Drawn at random.
        pub id: Uuid,
        /// The id under which clients know the person, as it came.
        pub name: Option<String> = personal,
        /// The same with its letters in lower case; filters look for it.
        pub folded: Option<String> = personal,
    }
    key ["id"]
    unique "person_taken": ["name"]
}

strongroom_kernel::table! {
    /// One trace: who did what with which data.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Trace in "tracer_trace" {
        /// Under which clients ask for it.
        pub id: Uuid,
        /// Its entry in the cache.
        pub entry: Uuid,
        /// When it was accepted, in whole milliseconds.
        pub time: Timestamp,
        /// Who acted: a [`Person`].
        pub user_id: Uuid,
        /// Who said so: a [`Person`]; the nil id for a caller nobody asked for a name.
        pub caller_id: Uuid,
        /// The action, by the first of its names.
        pub action: String,
        /// The one dataset it is about.
        pub dataset_id: Option<String>,
        /// The datasets it is about, in the order and the spelling of the request.
        pub datasets_ids: TextList,
        /// Versions before this one.
        pub previous_ids: TextList,
        /// The application that made or used models.
        pub application_id: Option<String>,
        /// The model that was made.
        pub model_id: Option<String>,
        /// The models that were used.
        pub models_ids: TextList,
        /// The tool the datasets were used with.
        pub tool_name: Option<String>,
        /// Its version.
        pub tool_version: Option<String>,
        /// What of a dataset was updated.
        pub details: Option<String>,
        /// A JSON array of resources in the form they are answered in; absent where the action has none.
        pub resources: Option<Json> = personal,
    }
    key ["id"]
}

strongroom_kernel::table! {
    /// A trace under one of its datasets, with what searches and statistics ask.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TraceDataset in "tracer_trace_dataset" {
        /// The trace.
        pub trace: Uuid,
        /// Place of the dataset among those of the trace.
        pub place: i64,
        /// The dataset with its letters in lower case; filters look for it.
        pub folded: String,
        /// Of the trace.
        pub time: Timestamp,
        /// Of the trace.
        pub user_id: Uuid,
        /// Of the trace.
        pub caller_id: Uuid,
        /// Of the trace.
        pub action: String,
    }
    key ["trace", "place"]
}

strongroom_kernel::table! {
    /// A trace under one of its models.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TraceModel in "tracer_trace_model" {
        /// The trace.
        pub trace: Uuid,
        /// Place of the model among those of the trace.
        pub place: i64,
        /// The model as it came.
        pub model: String,
        /// The same with its letters in lower case.
        pub folded: String,
        /// Of the trace.
        pub time: Timestamp,
        /// Of the trace.
        pub user_id: Uuid,
        /// Of the trace.
        pub action: String,
    }
    key ["trace", "place"]
}

strongroom_kernel::table! {
    /// How many traces of an action a caller submitted: totals of searches are sums of these.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct CallerTally in "tracer_caller_tally" {
        /// As [`Trace::caller_id`].
        pub caller_id: Uuid,
        /// The action.
        pub action: String,
        /// How many.
        pub traces: i64 = counter,
    }
    key ["caller_id", "action"]
}

strongroom_kernel::table! {
    /// How many traces of an action are about what a user did, by who said so.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct UserTally in "tracer_user_tally" {
        /// As [`Trace::user_id`].
        pub user_id: Uuid,
        /// As [`Trace::caller_id`].
        pub caller_id: Uuid,
        /// The action.
        pub action: String,
        /// How many.
        pub traces: i64 = counter,
    }
    key ["user_id", "caller_id", "action"]
}

strongroom_kernel::table! {
    /// How many traces of an action are about a dataset.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct DatasetTally in "tracer_dataset_tally" {
        /// The dataset with its letters in lower case.
        pub folded: String,
        /// The action.
        pub action: String,
        /// How many.
        pub traces: i64 = counter,
    }
    key ["folded", "action"]
}

strongroom_kernel::table! {
    /// The file of a resource that was given by its address. It outlives its fetching: what was found is part of the
    /// trace as it is shown, beside a trace that never changes.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ResourceFetch in "tracer_fetch" {
        /// The trace.
        pub trace: Uuid,
        /// Place of the resource among those of the trace.
        pub place: i64,
        /// Where the file is; absent once it was fetched.
        pub url: Option<String> = personal,
        /// [`FETCHING`], [`FETCHED`] or [`FAILED`].
        pub state: String,
        /// Tries that failed.
        pub tries: i64,
        /// When it is to be tried next; of no meaning once it is not [`FETCHING`] any more.
        pub due: Timestamp,
        /// When the row was last written.
        pub changed: Timestamp,
        /// Why the last try failed, in words for whoever posted the trace.
        pub message: Option<String>,
        /// Standard Base64 of the digest of the file.
        pub content_hash: Option<String> = personal,
        /// Name of the algorithm of that digest.
        pub content_hash_type: Option<String>,
        /// Bytes of the file.
        pub content_length: Option<i64>,
        /// Digest of where it came from after redirects, by the same algorithm.
        pub source_hash: Option<String> = personal,
    }
    key ["trace", "place"]
}

/// A file that is still to be fetched.
pub const FETCHING: &str = "FETCHING";
/// A file that was fetched and hashed.
pub const FETCHED: &str = "FETCHED";
/// A file that could not be had.
pub const FAILED: &str = "ERROR";

/// An id with its letters in lower case: ids are kept as they came and compared so.
pub fn fold(id: &str) -> String {
    id.to_lowercase()
}
