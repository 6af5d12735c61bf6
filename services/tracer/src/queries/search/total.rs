//! How many match: sums of kept counts where they are as fine as the search, else a count within its ranges.
//!
//! Kept are counts by caller, by user and caller, and by dataset, each by action. An interval, several datasets, or a
//! dataset together with a person are counted in the index.

use strongroom_kernel::{Kind, Snapshot, Uuid, Value, ports::Reach};
use strongroom_model::Error;

use super::{plan::Plan, statement::Statement};
use crate::queries::rows::{PER_UNIT, count};

/// PostgreSQL sums integers to a number of another kind.
const SUM: &str = "CAST(COALESCE(SUM(traces), 0) AS BIGINT)";

impl Plan {
    /// How many match.
    pub(super) async fn total(&self, snapshot: &Snapshot) -> Result<u64, Error> {
        let (sql, params, kept) = self.total_statement();
        let reach = if kept { Reach::Point } else { Reach::Scan };
        let rows = snapshot.query(&sql, &params, &[Kind::Int], reach).await?;
        let total = count(rows.first().and_then(|row| row.first()))?;
        match self.final_before {
            Some(sequence) if kept => Ok(total.saturating_sub(self.pending(snapshot, sequence).await?)),
            _ => Ok(total),
        }
    }

    /// The statement, and whether it asks kept counts.
    pub(super) fn total_statement(&self) -> (String, Vec<Value>, bool) {
        let mut statement = Statement::default();
        if let Some(sql) = self.kept(&mut statement) {
            return (sql, statement.params, true);
        }
        let mut statement = Statement::default();
        let sql = self.counted(&mut statement);
        (sql, statement.params, false)
    }

    /// A sum of kept counts, where they tell.
    fn kept(&self, statement: &mut Statement) -> Option<String> {
        if self.from.is_some() || self.to.is_some() {
            return None;
        }
        let actions = statement.each(self.action_names()).join(", ");
        let by_caller = |condition: String| {
            format!("SELECT {SUM} FROM tracer_caller_tally WHERE {condition}action IN ({actions})")
        };
        let by_user = |condition: String| {
            format!("SELECT {SUM} FROM tracer_user_tally WHERE {condition}action IN ({actions})")
        };
        match self.datasets.as_slice() {
            [] => {}
            [dataset] if self.users.is_empty() && self.callers.is_empty() && self.own.is_none() => {
                let dataset = statement.parameter(Value::Text(dataset.clone()));
                return Some(format!(
                    "SELECT {SUM} FROM tracer_dataset_tally WHERE folded = {dataset} AND action IN ({actions})"
                ));
            }
            _ => return None,
        }
        let mut among = |column: &str, ids: &[Uuid]| format!("{} AND ", statement.one_of(column, ids));
        if !self.users.is_empty() {
            let mut condition = among("user_id", &self.users);
            if !self.callers.is_empty() {
                condition += &among("caller_id", &self.callers);
            }
            if let Some(own) = &self.own {
                let (user, caller) = (among("user_id", own), among("caller_id", own));
                let (user, caller) = (user.trim_end_matches(" AND "), caller.trim_end_matches(" AND "));
                condition = format!("{condition}({user} OR {caller}) AND ");
            }
            return Some(by_user(condition));
        }
        match (self.callers.as_slice(), &self.own) {
            ([], None) => Some(by_caller(String::new())),
            (callers, None) => Some(by_caller(among("caller_id", callers))),
            // who acted or who said so, less those who were both
            ([], Some(own)) => {
                let acted = by_user(among("user_id", own));
                let said = by_caller(among("caller_id", own));
                let both = among("user_id", own) + &among("caller_id", own);
                Some(format!("SELECT ({acted}) + ({said}) - ({})", by_user(both)))
            }
            // whole for callers who are meant themselves, for others where the user is
            (callers, Some(own)) => {
                let meant: Vec<Uuid> =
                    callers.iter().copied().filter(|caller| own.contains(caller)).collect();
                let others: Vec<Uuid> =
                    callers.iter().copied().filter(|caller| !own.contains(caller)).collect();
                let mut parts = Vec::with_capacity(2);
                if !meant.is_empty() {
                    parts.push(format!("({})", by_caller(among("caller_id", &meant))));
                }
                if !others.is_empty() {
                    let condition = among("user_id", own) + &among("caller_id", &others);
                    parts.push(format!("({})", by_user(condition)));
                }
                Some(format!("SELECT {}", parts.join(" + ")))
            }
        }
    }

    /// Counts within the ranges.
    fn counted(&self, statement: &mut Statement) -> String {
        let conditions = self.ranges(statement, None);
        let table = self.table();
        if self.overlaps() {
            let ranges: Vec<String> = conditions
                .iter()
                .map(|condition| format!("SELECT trace AS one FROM {table} WHERE {condition}"))
                .collect();
            return format!("SELECT COUNT(DISTINCT one) FROM ({}) AS ranges", ranges.join(" UNION ALL "));
        }
        let ranges: Vec<String> = conditions
            .iter()
            .map(|condition| format!("(SELECT COUNT(*) FROM {table} WHERE {condition})"))
            .collect();
        format!("SELECT {}", ranges.join(" + "))
    }

    /// How many of those that match are of units from `sequence` on: few, and the last ones by their order.
    async fn pending(&self, snapshot: &Snapshot, sequence: u64) -> Result<u64, Error> {
        let mut statement = Statement::default();
        let mut conditions = vec![format!("row_order >= {}", statement.number(sequence * PER_UNIT))];
        let actions = statement.each(self.action_names()).join(", ");
        conditions.push(format!("action IN ({actions})"));
        if !self.datasets.is_empty() {
            let datasets = statement.each(self.datasets.iter().cloned().map(Value::Text)).join(", ");
            conditions.push(format!("folded IN ({datasets})"));
        }
        for (column, ids) in [("user_id", &self.users), ("caller_id", &self.callers)] {
            if !ids.is_empty() {
                conditions.push(statement.one_of(column, ids));
            }
        }
        if let Some(own) = &self.own {
            let (user, caller) = (statement.one_of("user_id", own), statement.one_of("caller_id", own));
            conditions.push(format!("({user} OR {caller})"));
        }
        let sql = format!("SELECT COUNT(*) FROM {} WHERE {}", self.table(), conditions.join(" AND "));
        let rows = snapshot.query(&sql, &statement.params, &[Kind::Int], Reach::Scan).await?;
        count(rows.first().and_then(|row| row.first()))
    }
}
