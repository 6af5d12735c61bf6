//! The SQL that writes rows, derived from what a service declares about its table.
//!
//! One text for both databases, with `$n`; derived once per table and kept. SQL that reads rows for
//! services is written by them, where it is used.

use std::{collections::HashMap, fmt::Write as _, sync::Arc};

use strongroom_kernel::{Kind, Table, Unique};

/// The statements of one table. Parameters stand in the order in which they are named here.
#[derive(Debug)]
pub(crate) struct TableSql {
    /// All columns, row order, row version.
    pub(crate) insert: String,
    /// As `insert`; a row with the same key keeps its order and gets the rest.
    pub(crate) upsert: String,
    /// All columns, row version.
    pub(crate) update: String,
    /// All columns, row version, expected version.
    pub(crate) update_version: String,
    /// Key.
    pub(crate) delete: String,
    /// Key, expected version.
    pub(crate) delete_version: String,
    /// Key; gives the row version.
    pub(crate) version: String,
    /// Key; gives domain and digest of the content it refers to. Empty for tables without content.
    pub(crate) content: String,
    /// By how much, least, greatest, row version, key; for each integer column, in the order of the columns.
    bumps: Vec<Option<String>>,
    /// Key; gives row order, row version and all columns.
    pub(crate) select_key: String,
    /// Exclusive lower bound, limit; gives the same in row order.
    pub(crate) select_after: String,
    /// Gives the number of rows.
    pub(crate) count: String,
    /// Places of domain and digest among the values.
    pub(crate) content_places: Option<(usize, usize)>,
    /// Places of the key columns among the values.
    pub(crate) key_places: Vec<usize>,
}

impl TableSql {
    pub(crate) fn of(table: &Table) -> Self {
        let name = table.name;
        let count = table.columns.len();
        let columns = joined(table.columns.iter().map(|column| column.name.to_owned()), ", ");
        let rest: Vec<&str> = table
            .columns
            .iter()
            .map(|column| column.name)
            .filter(|column| !table.key.contains(column))
            .collect();
        let insert = format!(
            "INSERT INTO {name} ({columns}, row_order, row_version) VALUES ({})",
            joined((1..=count + 2).map(|n| format!("${n}")), ", ")
        );
        let replaced =
            rest.iter().chain(&["row_version"]).map(|column| format!("{column} = excluded.{column}"));
        let upsert = format!(
            "{insert} ON CONFLICT ({}) DO UPDATE SET {}",
            table.key.join(", "),
            joined(replaced, ", ")
        );
        let parameter = |column: &str| place(table, column) + 1;
        let set = rest.iter().map(|column| format!("{column} = ${}", parameter(column)));
        let set = joined(set.chain([format!("row_version = ${}", count + 1)]), ", ");
        let whole_key =
            joined(table.key.iter().map(|column| format!("{column} = ${}", parameter(column))), " AND ");
        let update = format!("UPDATE {name} SET {set} WHERE {whole_key}");
        let key = key_from(table, 1);
        let after_key = table.key.len() + 1;
        let content = table.content.map_or_else(String::new, |content| {
            format!("SELECT {}, {} FROM {name} WHERE {key}", content.domain, content.digest)
        });
        let all = format!("SELECT row_order, row_version, {columns} FROM {name}");
        Self {
            update_version: format!("{update} AND row_version = ${}", count + 2),
            delete: format!("DELETE FROM {name} WHERE {key}"),
            delete_version: format!("DELETE FROM {name} WHERE {key} AND row_version = ${after_key}"),
            version: format!("SELECT row_version FROM {name} WHERE {key}"),
            bumps: table.columns.iter().map(|column| bump(table, column.name, column.kind)).collect(),
            select_key: format!("{all} WHERE {key}"),
            select_after: format!("{all} WHERE row_order > $1 ORDER BY row_order LIMIT $2"),
            count: format!("SELECT COUNT(*) FROM {name}"),
            content_places: table
                .content
                .map(|content| (place(table, content.domain), place(table, content.digest))),
            key_places: table.key.iter().map(|column| place(table, column)).collect(),
            insert,
            upsert,
            update,
            content,
        }
    }

    /// The statement that adds to the integer column `column`.
    pub(crate) fn bump(&self, table: &Table, column: &str) -> Option<&str> {
        self.bumps.get(table.position(column)?)?.as_deref()
    }

    /// These statements with every text changed by `change`.
    pub(crate) fn map(self, change: impl Fn(String) -> String) -> Self {
        Self {
            insert: change(self.insert),
            upsert: change(self.upsert),
            update: change(self.update),
            update_version: change(self.update_version),
            delete: change(self.delete),
            delete_version: change(self.delete_version),
            version: change(self.version),
            content: change(self.content),
            bumps: self.bumps.into_iter().map(|bump| bump.map(&change)).collect(),
            select_key: change(self.select_key),
            select_after: change(self.select_after),
            count: change(self.count),
            content_places: self.content_places,
            key_places: self.key_places,
        }
    }
}

fn place(table: &Table, column: &str) -> usize {
    table.position(column).expect("tables name their own columns only")
}

fn joined(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}

/// `a = $n AND b = $n+1 …`
fn key_from(table: &Table, first: usize) -> String {
    let mut text = String::new();
    for (place, column) in table.key.iter().enumerate() {
        let and = if place == 0 { "" } else { " AND " };
        write!(text, "{and}{column} = ${}", first + place).expect("writing to a string succeeds");
    }
    text
}

fn bump(table: &Table, column: &str, kind: Kind) -> Option<String> {
    (kind == Kind::Int).then(|| {
        format!(
            "UPDATE {} SET {column} = {column} + $1, row_version = $4 WHERE {} AND {column} + $1 BETWEEN $2 AND $3",
            table.name,
            key_from(table, 5)
        )
    })
}

/// The label of the unique constraint of `table` over `columns`, in whatever order, if there is one.
pub(crate) fn label_of_columns(table: &Table, columns: &[&str]) -> Option<&'static str> {
    let same = |unique: &&Unique| same_columns(unique.columns, columns);
    table.uniques.iter().find(same).map(|unique| unique.label)
}

/// The label of the unique constraint of `table` that its index `<table>_<label>` is named after. Only for
/// indexes over expressions: the others are known by their columns.
pub(crate) fn label_of_index(table: &Table, index: &str) -> Option<&'static str> {
    let label = index.strip_prefix(table.name)?.strip_prefix('_')?;
    table.uniques.iter().find(|unique| unique.label == label).map(|unique| unique.label)
}

/// Whether both name the same columns, in whatever order.
pub(crate) fn same_columns(left: &[&str], right: &[&str]) -> bool {
    left.len() == right.len() && left.iter().all(|column| right.contains(column))
}

/// Statements of the tables met so far, `S` being what a database keeps of each.
#[derive(Debug)]
pub(crate) struct Statements<S> {
    tables: HashMap<&'static str, Arc<S>>,
}

impl<S> Default for Statements<S> {
    fn default() -> Self {
        Self { tables: HashMap::new() }
    }
}

impl<S> Statements<S> {
    /// The statements of `table`, made by `make` the first time.
    pub(crate) fn of(&mut self, table: &'static Table, make: impl FnOnce() -> S) -> Arc<S> {
        Arc::clone(self.tables.entry(table.name).or_insert_with(|| Arc::new(make())))
    }
}

/// Greatest change and bounds of a bump that keep the sum a safe integer: `None` when nothing can.
pub(crate) fn safe_bump(by: i64, bounds: (i64, i64)) -> Option<(i64, i64)> {
    let greatest = i64::try_from(strongroom_kernel::MAX_SAFE_INTEGER).expect("2^53 fits 63 bits");
    if by.unsigned_abs() > 2 * strongroom_kernel::MAX_SAFE_INTEGER {
        return None;
    }
    Some((bounds.0.max(-greatest), bounds.1.min(greatest)))
}

#[cfg(test)]
mod tests {
    use strongroom_kernel::{Row, Uuid};
    use strongroom_model::{Digest, Domain};

    use super::*;

    strongroom_kernel::table! {
        /// One page of a book.
        #[derive(Debug)]
        struct Page in "library_page" {
            id: Uuid,
            number: i64,
            domain: Domain,
            picture: Option<Digest>,
        }
        key ["id", "number"]
        content ("domain", "picture")
    }

    #[test]
    fn statements_follow_the_declaration() {
        let sql = TableSql::of(Page::TABLE);
        assert_eq!(
            sql.upsert,
            "INSERT INTO library_page (id, number, domain, picture, row_order, row_version) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id, number) DO UPDATE SET \
             domain = excluded.domain, picture = excluded.picture, row_version = excluded.row_version"
        );
        assert_eq!(
            sql.update_version,
            "UPDATE library_page SET domain = $3, picture = $4, row_version = $5 \
             WHERE id = $1 AND number = $2 AND row_version = $6"
        );
        assert_eq!(
            sql.delete_version,
            "DELETE FROM library_page WHERE id = $1 AND number = $2 AND row_version = $3"
        );
        assert_eq!(sql.content, "SELECT domain, picture FROM library_page WHERE id = $1 AND number = $2");
        assert_eq!(
            sql.bump(Page::TABLE, "number"),
            Some(
                "UPDATE library_page SET number = number + $1, row_version = $4 \
                 WHERE id = $5 AND number = $6 AND number + $1 BETWEEN $2 AND $3"
            )
        );
        assert_eq!(sql.bump(Page::TABLE, "picture"), None);
        assert_eq!((sql.content_places, sql.key_places.as_slice()), (Some((2, 3)), &[0, 1][..]));
    }

    #[test]
    fn a_bump_never_leaves_the_safe_integers() {
        assert_eq!(safe_bump(1, (i64::MIN, i64::MAX)), Some((-9_007_199_254_740_991, 9_007_199_254_740_991)));
        assert_eq!(safe_bump(1, (0, 10)), Some((0, 10)));
        assert_eq!(safe_bump(i64::MIN, (0, 10)), None);
    }
}
