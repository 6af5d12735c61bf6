//! The service's tables, each declared once: columns, keys, what is personal, what refers to content.
//!
//! What may hold personal data or secrets (inputs, arguments, environments, digests of content and what derives from
//! them) stands in records as a commitment. SQL for reading is in [`crate::queries`]; SQL for writing is derived.

use strongroom_kernel::{Belongs, Json, Migration, Row as _, Schema, TextList, Uuid};
use strongroom_model::{Digest, Domain, Timestamp};

/// Name of the service, in records, domains and table names.
pub const SERVICE: &str = "bytes";

/// Tables and migrations of the service.
pub const SCHEMA: Schema = Schema {
    service: SERVICE,
    tables: &[
        BoefjeMeta::TABLE,
        RawFile::TABLE,
        NormalizerMeta::TABLE,
        Organization::TABLE,
        PendingProof::TABLE,
    ],
    migrations: &[
        Migration { version: 1, name: "tables", sql: include_str!("migrations/0001_tables.sql") },
        Migration { version: 2, name: "label_sets", sql: include_str!("migrations/0002_label_sets.sql") },
    ],
};

/// Which rows go with which when a subject is erased: files with their job, parser jobs and proofs with their file.
pub const BELONGS: &[Belongs] = &[
    Belongs { table: "bytes_raw_file", column: "boefje_meta", owner: "bytes_boefje_meta" },
    Belongs { table: "bytes_normalizer_meta", column: "raw_file", owner: "bytes_raw_file" },
    Belongs { table: "bytes_pending_proof", column: "raw_file", owner: "bytes_raw_file" },
];

/// The domain of an organisation's content.
///
/// # Panics
/// Never for organisations that were accepted: they hold no NUL character.
pub fn domain(organization: &str) -> Domain {
    Domain::new(SERVICE, organization).expect("the service's name is a word and organisations hold no NUL")
}

strongroom_kernel::table! {
    /// One scan job.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct BoefjeMeta in "bytes_boefje_meta" {
        /// Chosen by the client.
        pub id: Uuid,
        /// The scanner.
        pub boefje_id: String,
        /// Its version.
        pub boefje_version: Option<String>,
        /// Whose job it is.
        pub organization: String,
        /// What was scanned; absent is a value of its own in filters.
        pub input_ooi: Option<String> = personal,
        /// A JSON object as it came.
        pub arguments: Json = personal,
        /// A JSON object of strings as it came; holds secrets of the scanner.
        pub environment: Option<Json> = personal,
        /// Digest of the scanner's own code.
        pub runnable_hash: Option<String>,
        /// When the job started; absent in old imported rows only.
        pub started_at: Option<Timestamp>,
        /// When the job ended; absent in old imported rows only.
        pub ended_at: Option<Timestamp>,
    }
    key ["id"]
}

strongroom_kernel::table! {
    /// One raw file of a job, without its content.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct RawFile in "bytes_raw_file" {
        /// Chosen by the server; sorts by the time of the upload (RFC 9562 version 7).
        pub id: Uuid,
        /// The job that made it.
        pub boefje_meta: Uuid,
        /// Borders of deduplication: the job's organisation.
        pub domain: Domain,
        /// Its content.
        pub content: Digest = personal,
        /// Length of its content in bytes.
        pub size: i64,
        /// Its labels in the order of the upload; a set.
        pub mime_types: TextList,
        /// Digest of the set of labels: a job holds at most one file of each.
        pub tag_set: Digest,
        /// Hash that binds content to the job's end.
        pub secure_hash: Option<String> = personal,
        /// Who proves that the hash existed, if it is someone.
        pub proof_provider: Option<String>,
        /// The proof, or where it is; absent until it was made.
        pub proof_link: Option<String> = personal,
    }
    key ["id"]
    unique "same_tags": ["boefje_meta", "tag_set"]
    content ("domain", "content")
}

strongroom_kernel::table! {
    /// One parser job over one raw file.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct NormalizerMeta in "bytes_normalizer_meta" {
        /// Chosen by the client.
        pub id: Uuid,
        /// The parser.
        pub normalizer_id: String,
        /// Its version.
        pub normalizer_version: Option<String>,
        /// When the job started; absent in old imported rows only.
        pub started_at: Option<Timestamp>,
        /// When the job ended; absent in old imported rows only.
        pub ended_at: Option<Timestamp>,
        /// The file it read.
        pub raw_file: Uuid,
    }
    key ["id"]
}

strongroom_kernel::table! {
    /// An organisation with raw files, in the order they were first seen; the counters behind the metrics.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Organization in "bytes_organization" {
        /// Its code.
        pub id: String,
        /// How many raw files it has.
        pub raw_files: i64 = counter,
        /// Bytes of their contents together, before deduplication.
        pub bytes: i64 = counter,
    }
    key ["id"]
}

strongroom_kernel::table! {
    /// A raw file whose proof was not made in time for the answer.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PendingProof in "bytes_pending_proof" {
        /// The file.
        pub raw_file: Uuid,
        /// Since when it waits.
        pub since: Timestamp,
    }
    key ["raw_file"]
}
