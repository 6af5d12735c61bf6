//! The service's one table.

use strongroom_kernel::{Migration, Row as _, Schema};

use crate::SERVICE;

/// Tables and migrations of the service.
pub const SCHEMA: Schema = Schema {
    service: SERVICE,
    tables: &[ForeignLeaves::TABLE],
    migrations: &[Migration {
        version: 1,
        name: "foreign_leaves",
        sql: include_str!("../migrations/0001_foreign_leaves.sql"),
    }],
};

strongroom_kernel::table! {
    /// Leaves of another ledger that were handed over together.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ForeignLeaves in "custody_foreign_leaves" {
        /// Name in the token of who handed them over: a program, not a person.
        pub sender: String,
        /// Origin of their ledger, as the sender says.
        pub ledger: String,
        /// Index of the first of them there.
        pub first_leaf: i64,
        /// How many.
        pub leaves: i64,
        /// Root over their leaf hashes (RFC 6962 §2.1).
        pub root: strongroom_model::Digest,
    }
    key ["sender", "ledger", "first_leaf"]
}
