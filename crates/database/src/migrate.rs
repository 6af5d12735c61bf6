//! Which migrations of a schema remain to be applied, and when to refuse.
//!
//! One history per service, kept in `kernel_migration`. An applied step is never edited, and a schema that
//! is newer than the program is not touched. How steps are carried out is in `sqlite` and `postgres`.

use strongroom_kernel::{
    Migration, Schema,
    ports::{PortError, PortErrorKind},
};
use strongroom_model::Digest;

/// Makes the history's own table; safe to run again.
pub(crate) const HISTORY: &str = "CREATE TABLE IF NOT EXISTS kernel_migration (\
     service TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, \
     PRIMARY KEY (service, version))";
/// Reads the history: service, version, name, checksum.
pub(crate) const APPLIED: &str =
    "SELECT service, version, name, checksum FROM kernel_migration ORDER BY service, version";
/// Adds one step to the history.
pub(crate) const ADD_APPLIED: &str =
    "INSERT INTO kernel_migration (service, version, name, checksum) VALUES ($1, $2, $3, $4)";

/// A step as the history knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedMigration {
    /// Whose it is.
    pub service: String,
    /// Counts from 1 within the service.
    pub version: u32,
    /// What it did.
    pub name: String,
    /// SHA-256 of its text before the dialect was filled in, in hex.
    pub checksum: String,
}

impl AppliedMigration {
    /// How `migration` will stand in the history.
    pub(crate) fn of(service: &str, migration: &Migration) -> Self {
        Self {
            service: service.to_owned(),
            version: migration.version,
            name: migration.name.to_owned(),
            checksum: Digest::of(migration.sql.as_bytes()).to_string(),
        }
    }
}

/// The steps of `schema` that the history lacks, in order.
///
/// # Errors
/// `Refused` when steps do not count 1, 2, 3, …, when an applied step was edited, or when the history has
/// steps this program does not know.
pub(crate) fn pending<'a>(
    schema: &'a Schema,
    history: &[AppliedMigration],
) -> Result<&'a [Migration], PortError> {
    let refuse = |what: String| Err(PortError::refused(format!("schema of {}: {what}", schema.service)));
    for (place, migration) in schema.migrations.iter().enumerate() {
        if migration.version as usize != place + 1 {
            return refuse(format!("migration {} stands at place {}", migration.version, place + 1));
        }
    }
    let mut applied = 0;
    for step in history.iter().filter(|step| step.service == schema.service) {
        let Some(known) = schema.migrations.get(applied) else {
            return refuse(format!(
                "the database has migration {} ({}), which this program does not know: \
                 it was made by a newer one",
                step.version, step.name
            ));
        };
        if AppliedMigration::of(schema.service, known) != *step {
            return refuse(format!(
                "applied migration {} ({}) differs from this program's",
                step.version, step.name
            ));
        }
        applied += 1;
    }
    Ok(&schema.migrations[applied..])
}

/// Checks that nothing remains to be applied.
///
/// # Errors
/// `Refused` naming the first missing step, and as [`pending`].
pub(crate) fn check_complete(schemas: &[Schema], history: &[AppliedMigration]) -> Result<(), PortError> {
    for schema in schemas {
        if let Some(missing) = pending(schema, history)?.first() {
            return Err(PortError::new(
                PortErrorKind::Refused,
                format!(
                    "schema of {}: migration {} ({}) is not applied",
                    schema.service, missing.version, missing.name
                ),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Migration = Migration { version: 1, name: "first", sql: "A" };
    const SECOND: Migration = Migration { version: 2, name: "second", sql: "B" };
    const EDITED: Migration = Migration { version: 1, name: "first", sql: "A " };

    fn schema(migrations: &'static [Migration]) -> Schema {
        Schema { service: "library", tables: &[], migrations }
    }

    fn history(migrations: &[Migration]) -> Vec<AppliedMigration> {
        migrations.iter().map(|migration| AppliedMigration::of("library", migration)).collect()
    }

    #[test]
    fn what_the_history_lacks_is_pending() {
        let schema = schema(&[FIRST, SECOND]);
        assert_eq!(pending(&schema, &[]).unwrap(), [FIRST, SECOND]);
        assert_eq!(pending(&schema, &history(&[FIRST])).unwrap(), [SECOND]);
        assert_eq!(pending(&schema, &history(&[FIRST, SECOND])).unwrap(), []);
    }

    #[test]
    fn histories_of_other_services_do_not_matter() {
        let other =
            AppliedMigration { service: "archive".to_owned(), ..AppliedMigration::of("library", &SECOND) };
        assert_eq!(pending(&schema(&[FIRST]), &[other]).unwrap(), [FIRST]);
    }

    #[test]
    fn edited_newer_and_misnumbered_steps_are_refused() {
        assert!(pending(&schema(&[FIRST]), &history(&[EDITED])).is_err());
        assert!(pending(&schema(&[FIRST]), &history(&[FIRST, SECOND])).is_err());
        assert!(pending(&schema(&[SECOND]), &[]).is_err());
        assert!(check_complete(&[schema(&[FIRST])], &[]).is_err());
    }
}
