//! Which migrations of a schema remain to be applied, and when to refuse.
//!
//! One history per service, kept in `kernel_migration`. An applied step is never edited. A schema that is newer than
//! the program is served where its unknown steps only expand, which they say in the history, and refused otherwise.
//! How steps are carried out is in `sqlite` and `postgres`.

use strongroom_kernel::{
    Migration, Schema,
    ports::{PortError, PortErrorKind},
};
use strongroom_model::Digest;

/// Makes the history's own table; safe to run again.
pub(crate) const HISTORY: &str = "CREATE TABLE IF NOT EXISTS kernel_migration (\
     service TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, \
     expands INTEGER NOT NULL, PRIMARY KEY (service, version))";
/// Reads the history: service, version, name, checksum, whether it expands.
pub(crate) const APPLIED: &str =
    "SELECT service, version, name, checksum, expands FROM kernel_migration ORDER BY service, version";
/// Adds one step to the history.
pub(crate) const ADD_APPLIED: &str =
    "INSERT INTO kernel_migration (service, version, name, checksum, expands) VALUES ($1, $2, $3, $4, $5)";

/// The service name of the tables behind the port itself, and one of them.
pub(crate) const OWN: &str = "database";
const OWN_TABLE: &str = "ledger_record";

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
    /// Programs that do not know it can go on ([`Migration::expands`]).
    pub expands: bool,
}

impl AppliedMigration {
    /// How `migration` will stand in the history.
    pub(crate) fn of(service: &str, migration: &Migration) -> Self {
        Self {
            service: service.to_owned(),
            version: migration.version,
            name: migration.name.to_owned(),
            checksum: Digest::of(migration.sql.as_bytes()).to_string(),
            expands: migration.expands(),
        }
    }
}

/// The steps of `schema` that the history lacks, in order.
///
/// # Errors
/// `Refused` when steps do not count 1, 2, 3, …, or when the history has a step this program does not know that does more
/// than expand; `Corrupt` when an applied step is not this program's.
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
            if step.expands {
                continue;
            }
            return refuse(format!(
                "the database has migration {} ({}), which this program does not know: \
                 it was made by a newer one",
                step.version, step.name
            ));
        };
        if AppliedMigration::of(schema.service, known) != *step {
            return Err(PortError::corrupt(format!(
                "schema of {}: applied migration {} ({}) differs from this program's",
                schema.service, step.version, step.name
            )));
        }
        applied += 1;
    }
    Ok(&schema.migrations[applied..])
}

/// Checks that nothing remains to be applied; `tables` are all there are.
///
/// # Errors
/// `Refused` naming the first missing step, `Corrupt` when a schema has tables and no history, and as [`pending`].
pub(crate) fn check_complete(
    schemas: &[Schema],
    history: &[AppliedMigration],
    tables: &[String],
) -> Result<(), PortError> {
    for schema in schemas {
        if let Some(missing) = pending(schema, history)?.first() {
            let there = |name: &str| tables.iter().any(|table| table == name);
            let made = schema.tables.iter().any(|table| there(table.name))
                || (schema.service == OWN && there(OWN_TABLE));
            if missing.version == 1 && made {
                let what =
                    format!("schema of {}: its tables are there, their history is not", schema.service);
                return Err(PortError::corrupt(what));
            }
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
    const ADDING: Migration = Migration { version: 2, name: "adding", sql: "-- expand: a column\nB" };

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
        let kind = |schema: Schema, history: &[AppliedMigration]| pending(&schema, history).unwrap_err().kind;
        assert_eq!(kind(schema(&[FIRST]), &history(&[EDITED])), PortErrorKind::Corrupt);
        assert_eq!(kind(schema(&[FIRST]), &history(&[FIRST, SECOND])), PortErrorKind::Refused);
        assert_eq!(kind(schema(&[SECOND]), &[]), PortErrorKind::Refused);
    }

    #[test]
    fn unknown_steps_that_expand_are_borne_and_none_that_follows_one_that_does_not() {
        assert_eq!(pending(&schema(&[FIRST]), &history(&[FIRST, ADDING])).unwrap(), []);
        let third = Migration { version: 3, ..SECOND };
        let error = pending(&schema(&[FIRST]), &history(&[FIRST, ADDING, third])).unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Refused);
        // a step that is known must say of itself what the history says
        let mut lying = history(&[FIRST, ADDING]);
        lying[1].expands = false;
        assert_eq!(pending(&schema(&[FIRST, ADDING]), &lying).unwrap_err().kind, PortErrorKind::Corrupt);
    }

    #[test]
    fn what_is_missing_was_never_applied_or_was_taken_away() {
        let kind = |service, tables: &[&str]| {
            let schema = Schema { service, ..schema(&[FIRST]) };
            let tables: Vec<String> = tables.iter().map(|name| (*name).to_owned()).collect();
            check_complete(&[schema], &[], &tables).unwrap_err().kind
        };
        assert_eq!(kind("library", &["library_page"]), PortErrorKind::Refused);
        assert_eq!(kind(OWN, &[]), PortErrorKind::Refused);
        assert_eq!(kind(OWN, &["other", OWN_TABLE]), PortErrorKind::Corrupt);
    }
}
