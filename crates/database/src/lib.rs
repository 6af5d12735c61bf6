//! The database port on SQLite (embedded) and PostgreSQL (scaled out).
//!
//! What a database must promise is written in [`strongroom_kernel::ports::Database`]; the suite of
//! `strongroom-contract` holds both to it. Here is how: SQL derived from the tables that services declare
//! (`statements`), migrations filled in by dialect (`migrate`, `dialect`), and for each database the batch
//! that makes many units durable at once. Large content is in `strongroom-content`; nothing here knows a service.

mod dialect;
mod migrate;
mod number;
mod place;
pub mod postgres;
mod replay;
pub mod sqlite;
mod statements;

pub use migrate::AppliedMigration;
pub use postgres::{Postgres, PostgresOptions, postgres_client};
pub use sqlite::{Sqlite, SqliteOptions};
