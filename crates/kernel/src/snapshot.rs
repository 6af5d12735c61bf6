//! The typed face of a snapshot: what commands and reading handlers look into.

use std::fmt::{self, Write as _};

use strongroom_model::{Error, ErrorKind};

use crate::{
    error::from_port,
    ports::{Query, Reach, ReadRows},
    row::{Kind, Row, Value},
};

/// All rows as they were at one instant; held at most a second.
pub struct Snapshot(Box<dyn ReadRows>);

impl Snapshot {
    /// The typed face of `rows`.
    pub fn new(rows: Box<dyn ReadRows>) -> Self {
        Self(rows)
    }

    /// The row with this key, if there is one.
    ///
    /// # Errors
    /// `Unavailable`; `Internal` when the row cannot be decoded.
    pub async fn find<R: Row>(&self, key: &[Value]) -> Result<Option<R>, Error> {
        let mut rest = String::from("WHERE ");
        for (place, name) in R::TABLE.key.iter().enumerate() {
            let and = if place == 0 { "" } else { " AND " };
            let _infallible = write!(rest, "{and}{name} = ${}", place + 1);
        }
        let rows = self.select(&rest, key, Reach::Point).await?;
        Ok(rows.into_iter().next())
    }

    /// The row with this key, or `NotFound` saying `missing`.
    ///
    /// # Errors
    /// `NotFound`, and as [`Snapshot::find`].
    pub async fn get<R: Row>(&self, key: &[Value], missing: &str) -> Result<R, Error> {
        self.find(key).await?.ok_or_else(|| Error::new(ErrorKind::NotFound, missing))
    }

    /// Whole rows of one table. `rest` is what follows `SELECT … FROM <table> `: conditions, order, limit.
    /// Where `rest` joins, columns of the table itself are found under its own name.
    ///
    /// # Errors
    /// As [`Snapshot::find`].
    pub async fn select<R: Row>(&self, rest: &str, params: &[Value], reach: Reach) -> Result<Vec<R>, Error> {
        let table = R::TABLE;
        let kinds: Vec<Kind> = table.columns.iter().map(|column| column.kind).collect();
        // every read comes through here: one text, made in one piece
        let mut sql = String::with_capacity(1024);
        for (place, column) in table.columns.iter().enumerate() {
            let before = if place == 0 { "SELECT " } else { ", " };
            sql.extend([before, table.name, ".", column.name]);
        }
        sql.extend([" FROM ", table.name, " ", rest]);
        let rows = self.query(&sql, params, &kinds, reach).await?;
        rows.into_iter().map(|values| R::from_values(values).map_err(from_port)).collect()
    }

    /// Any query, with the kinds of the columns it returns.
    ///
    /// # Errors
    /// As [`Snapshot::find`].
    pub async fn query(
        &self,
        sql: &str,
        params: &[Value],
        columns: &[Kind],
        reach: Reach,
    ) -> Result<Vec<Vec<Value>>, Error> {
        self.0.query(Query { sql, params, columns, reach }).await.map_err(from_port)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Snapshot")
    }
}
