//! A page: the ranges, each in the order of its index, merged as far as the page reaches and no further.

use strongroom_kernel::{
    Kind, Snapshot, Uuid, Value, from_port,
    ports::{PortError, Reach},
};
use strongroom_model::{Error, Timestamp};

use super::{plan::Plan, statement::Statement};
use crate::{queries::rows::PER_UNIT, wire::query::Page};

/// Rows walked where the query was asked for; more are walked beside the async workers.
const FEW: u64 = 200;

/// A trace on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: Uuid,
    pub(super) time: Timestamp,
    /// Of its unit.
    pub(super) sequence: u64,
}

impl Plan {
    /// The traces of the page, the newest first.
    pub(super) async fn page(&self, snapshot: &Snapshot, page: Page) -> Result<Vec<Place>, Error> {
        let (sql, params) = self.page_statement(page);
        let reach = if page.skip + page.limit <= FEW { Reach::Point } else { Reach::Scan };
        let rows = snapshot.query(&sql, &params, &[Kind::Id, Kind::Time, Kind::Int], reach).await?;
        rows.iter().map(|row| place(row)).collect()
    }

    /// The statement of a page.
    pub(super) fn page_statement(&self, page: Page) -> (String, Vec<Value>) {
        let mut statement = Statement::default();
        let ranges = self.ranges(&mut statement, page.cursor);
        let (table, trace) = (self.table(), self.trace_column());
        let limit = statement.number(page.limit);
        let skip = statement.number(page.skip);
        let columns = format!("{trace} AS id, time, row_order");
        let sql = if self.overlaps() {
            // a trace of several asked datasets is in several ranges, but once among the first so many of each
            let end = statement.number(page.skip + page.limit);
            let ranges: Vec<String> = ranges
                .iter()
                .enumerate()
                .map(|(place, condition)| {
                    format!(
                        "SELECT * FROM (SELECT {columns} FROM {table} WHERE {condition} \
                         ORDER BY time DESC, row_order DESC LIMIT {end}) AS r{place}"
                    )
                })
                .collect();
            format!(
                "SELECT id, time, max(row_order) FROM ({}) AS ranges GROUP BY id, time \
                 ORDER BY time DESC, max(row_order) DESC LIMIT {limit} OFFSET {skip}",
                ranges.join(" UNION ALL ")
            )
        } else {
            let ranges: Vec<String> = ranges
                .iter()
                .map(|condition| format!("SELECT {columns} FROM {table} WHERE {condition}"))
                .collect();
            format!(
                "{} ORDER BY time DESC, row_order DESC LIMIT {limit} OFFSET {skip}",
                ranges.join(" UNION ALL ")
            )
        };
        (sql, statement.params)
    }
}

fn place(row: &[Value]) -> Result<Place, Error> {
    match row {
        [Value::Id(id), Value::Time(time), Value::Int(order)] => {
            Ok(Place { id: *id, time: *time, sequence: u64::try_from(*order).unwrap_or_default() / PER_UNIT })
        }
        _ => Err(from_port(PortError::corrupt("a page of tracer: value of another kind"))),
    }
}
