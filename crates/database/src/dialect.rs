//! What SQLite and PostgreSQL spell differently, filled into one text.
//!
//! Two things only: column types of migrations, and the form of parameters. All other SQL is written so
//! that both read it alike; `instr` is taught to PostgreSQL by the kernel's first migration.

use std::borrow::Cow;

use strongroom_kernel::ports::PortError;

/// Which database a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// SQLite 3.51.3 or later.
    Sqlite,
    /// PostgreSQL 15 or later.
    Postgres,
}

impl Dialect {
    /// What stands for a placeholder of a migration; `None` for an unknown one.
    fn filling(self, placeholder: &str) -> Option<&'static str> {
        let (sqlite, postgres) = match placeholder {
            "bool" => ("INTEGER", "BOOLEAN"),
            "int" | "time" => ("INTEGER", "BIGINT"),
            // SQLite compares text byte by byte; PostgreSQL does so in this collation only
            "text" | "json" | "list" => ("TEXT", "TEXT COLLATE \"C\""),
            "bytes" | "digest" => ("BLOB", "BYTEA"),
            "id" => ("BLOB", "UUID"),
            "row" => (
                "row_order INTEGER NOT NULL UNIQUE, row_version INTEGER NOT NULL",
                "row_order BIGINT NOT NULL UNIQUE, row_version BIGINT NOT NULL",
            ),
            _ => return None,
        };
        Some(match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        })
    }

    /// A migration's text with its placeholders filled in.
    ///
    /// # Errors
    /// `Refused` naming a placeholder that is not one of those of [`strongroom_kernel::Migration::sql`].
    pub(crate) fn fill(self, sql: &str) -> Result<String, PortError> {
        let mut filled = String::with_capacity(sql.len() + sql.len() / 4);
        let mut rest = sql;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((placeholder, after)) = after.split_once('}') else { break };
            let filling = self.filling(placeholder).ok_or_else(|| {
                PortError::refused(format!("migration has an unknown placeholder {{{placeholder}}}"))
            })?;
            filled.push_str(before);
            filled.push_str(filling);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

/// The text with `$n` as `?n`, which is how SQLite numbers parameters; `$n` is a name to it.
/// Quoted texts and names stay as they are.
pub(crate) fn question_marks(sql: &str) -> Cow<'_, str> {
    if !sql.contains('$') {
        return Cow::Borrowed(sql);
    }
    let mut text = sql.to_owned().into_bytes();
    let mut quote = None;
    for at in 0..text.len() {
        match (quote, text[at]) {
            (None, byte @ (b'\'' | b'"')) => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            (None, b'$') if text.get(at + 1).is_some_and(u8::is_ascii_digit) => text[at] = b'?',
            _ => {}
        }
    }
    Cow::Owned(String::from_utf8(text).expect("only ASCII was replaced by ASCII"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_types_of_each_dialect() {
        let sql = "CREATE TABLE t (id {id} PRIMARY KEY, at {time}, {row})";
        assert_eq!(
            Dialect::Sqlite.fill(sql).unwrap(),
            "CREATE TABLE t (id BLOB PRIMARY KEY, at INTEGER, \
             row_order INTEGER NOT NULL UNIQUE, row_version INTEGER NOT NULL)"
        );
        assert_eq!(
            Dialect::Postgres.fill(sql).unwrap(),
            "CREATE TABLE t (id UUID PRIMARY KEY, at BIGINT, \
             row_order BIGINT NOT NULL UNIQUE, row_version BIGINT NOT NULL)"
        );
        assert!(Dialect::Sqlite.fill("{uuid}").is_err());
    }

    #[test]
    fn only_parameters_are_renumbered() {
        assert_eq!(question_marks("a = $1 AND b = $12"), "a = ?1 AND b = ?12");
        assert_eq!(
            question_marks("a = '$1''$2' AND \"$3\" = $4 -- $x"),
            "a = '$1''$2' AND \"$3\" = ?4 -- $x"
        );
        assert_eq!(question_marks("ä = $1"), "ä = ?1");
    }
}
