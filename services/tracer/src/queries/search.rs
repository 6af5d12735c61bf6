//! Searches: any of the values of one filter, all of the filters; the newest first, with the number of all that match.
//!
//! A search is a set of ranges, each in the order of an index that begins with what its filter fixes (dataset, user or
//! caller, then the action). The page is merged from the beginnings of these ranges. How many match is a sum of kept
//! counts where a filter is as coarse as they are, else a count within the same ranges of the index alone: never a
//! look at all traces.

use strongroom_kernel::{Kind, Snapshot, Uuid, Value, ports::Reach};
use strongroom_model::Error;

use super::{
    persons_folded,
    rows::{count, id, parameters},
    trace::in_order,
};
use crate::{
    tables::fold,
    wire::{
        action::UserAction,
        query::{Page, Search},
        trace::NamedTrace,
    },
};

/// Most ranges of one statement: SQLite takes no more than 500. Only a name in dozens of spellings has as many.
const MOST_RANGES: usize = 400;

/// A page of the traces that match, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The page, the newest first.
    pub traces: Vec<NamedTrace>,
    /// How many match.
    pub total: u64,
}

/// Whose traces may be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readable {
    /// All.
    All,
    /// Those this person is in, as who acted or as who said so.
    Own(String),
}

/// Carries a search out.
///
/// # Errors
/// `Unavailable`.
pub async fn search(snapshot: &Snapshot, search: &Search, readable: &Readable) -> Result<Found, Error> {
    let users = persons_folded(snapshot, &search.users).await?;
    let callers = persons_folded(snapshot, &search.callers).await?;
    // a filter that nobody fulfils leaves nothing
    if users.is_empty() != search.users.is_empty() || callers.is_empty() != search.callers.is_empty() {
        return Ok(Found { traces: Vec::new(), total: 0 });
    }
    let own = match readable {
        Readable::All => None,
        Readable::Own(name) => {
            let own = persons_folded(snapshot, std::slice::from_ref(name)).await?;
            if own.is_empty() {
                return Ok(Found { traces: Vec::new(), total: 0 });
            }
            Some(own)
        }
    };
    let mut datasets: Vec<String> = search.datasets.iter().map(|dataset| fold(dataset)).collect();
    datasets.sort_unstable();
    datasets.dedup();
    let actions = if search.actions.is_empty() { UserAction::ALL.to_vec() } else { search.actions.clone() };
    let plan = Plan { datasets, users, callers, own, actions };
    let traces = match search.page.limit {
        0 => Vec::new(),
        _ => in_order(snapshot, &plan.page(snapshot, search.page).await?).await?,
    };
    Ok(Found { traces, total: plan.total(snapshot).await? })
}

/// A search with its words replaced by what rows hold.
struct Plan {
    datasets: Vec<String>,
    users: Vec<Uuid>,
    callers: Vec<Uuid>,
    /// Persons one of which must be in the trace.
    own: Option<Vec<Uuid>>,
    actions: Vec<UserAction>,
}

/// A statement that grows.
#[derive(Default)]
struct Statement {
    params: Vec<Value>,
}

impl Statement {
    fn parameter(&mut self, value: Value) -> String {
        self.params.push(value);
        format!("${}", self.params.len())
    }

    fn one_of(&mut self, column: &str, ids: &[Uuid]) -> String {
        let first = self.params.len() + 1;
        self.params.extend(ids.iter().copied().map(Value::Id));
        format!("{column} IN ({})", parameters(first, ids.len()))
    }
}

impl Plan {
    /// Table and column of its ranges, and the values of that column; the conditions beside them come apart.
    fn ranges(&self) -> (&'static str, &'static str, Vec<Value>) {
        if !self.datasets.is_empty() {
            return (
                "tracer_trace_dataset",
                "folded",
                self.datasets.iter().cloned().map(Value::Text).collect(),
            );
        }
        if !self.users.is_empty() {
            return ("tracer_trace", "user_id", self.users.iter().copied().map(Value::Id).collect());
        }
        if !self.callers.is_empty() {
            return ("tracer_trace", "caller_id", self.callers.iter().copied().map(Value::Id).collect());
        }
        ("tracer_trace", "", Vec::new())
    }

    /// One condition per range, with what the range does not fix.
    fn conditions(&self, statement: &mut Statement) -> Vec<String> {
        let (_, column, values) = self.ranges();
        if let (Some(own), true) = (&self.own, values.is_empty()) {
            return self.own_ranges(statement, own);
        }
        let mut rest = String::new();
        let mut beside = |condition: String| {
            rest.push_str(" AND ");
            rest.push_str(&condition);
        };
        if !self.users.is_empty() && column != "user_id" {
            beside(statement.one_of("user_id", &self.users));
        }
        if !self.callers.is_empty() && column != "caller_id" {
            beside(statement.one_of("caller_id", &self.callers));
        }
        if let Some(own) = &self.own {
            let (user, caller) = (statement.one_of("user_id", own), statement.one_of("caller_id", own));
            beside(format!("({user} OR {caller})"));
        }
        let actions: Vec<String> = self
            .actions
            .iter()
            .map(|action| statement.parameter(Value::Text(action.name().to_owned())))
            .collect();
        if values.is_empty() {
            return actions.iter().map(|action| format!("action = {action}{rest}")).collect();
        }
        let values: Vec<String> = values.into_iter().map(|value| statement.parameter(value)).collect();
        if values.len() * actions.len() > MOST_RANGES {
            let (values, actions) = (values.join(", "), actions.join(", "));
            return vec![format!("{column} IN ({values}) AND action IN ({actions}){rest}")];
        }
        let mut conditions = Vec::with_capacity(values.len() * actions.len());
        for value in &values {
            conditions.extend(
                actions.iter().map(|action| format!("{column} = {value} AND action = {action}{rest}")),
            );
        }
        conditions
    }

    /// What persons are in, as who acted or else as who said so; each trace in one range.
    fn own_ranges(&self, statement: &mut Statement, own: &[Uuid]) -> Vec<String> {
        let others = statement.one_of("user_id", own);
        let persons: Vec<String> = own.iter().map(|person| statement.parameter(Value::Id(*person))).collect();
        let mut conditions = Vec::with_capacity(2 * persons.len() * self.actions.len());
        for action in &self.actions {
            let action = statement.parameter(Value::Text(action.name().to_owned()));
            for person in &persons {
                conditions.push(format!("user_id = {person} AND action = {action}"));
                conditions.push(format!("caller_id = {person} AND action = {action} AND NOT {others}"));
            }
        }
        conditions
    }

    /// Ids of the page, the newest first.
    async fn page(&self, snapshot: &Snapshot, page: Page) -> Result<Vec<Uuid>, Error> {
        let mut statement = Statement::default();
        let (table, ..) = self.ranges();
        let trace = if table == "tracer_trace" { "id" } else { "trace" };
        let conditions = self.conditions(&mut statement);
        let number = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let end = statement.parameter(number(page.skip + page.limit));
        let ranges: Vec<String> = conditions
            .iter()
            .enumerate()
            .map(|(place, condition)| {
                format!(
                    "SELECT * FROM (SELECT {trace} AS id, time, row_order FROM {table} WHERE {condition} \
                     ORDER BY time DESC, row_order DESC LIMIT {end}) AS r{place}"
                )
            })
            .collect();
        let (limit, skip) = (statement.parameter(number(page.limit)), statement.parameter(number(page.skip)));
        // a trace of several asked datasets is in several ranges
        let sql = format!(
            "SELECT id FROM ({}) AS ranges GROUP BY id, time ORDER BY time DESC, max(row_order) DESC \
             LIMIT {limit} OFFSET {skip}",
            ranges.join(" UNION ALL ")
        );
        let few = page.skip + page.limit <= 200;
        let reach = if few { Reach::Point } else { Reach::Scan };
        let rows = snapshot.query(&sql, &statement.params, &[Kind::Id], reach).await?;
        rows.iter().map(|row| id(row.first())).collect()
    }

    /// How many match.
    async fn total(&self, snapshot: &Snapshot) -> Result<u64, Error> {
        let mut statement = Statement::default();
        let sql = if self.own.is_some() || !self.users.is_empty() || self.datasets.len() > 1 {
            self.counted(&mut statement)
        } else if self.datasets.is_empty() {
            let actions = self.actions_in(&mut statement);
            let callers = match self.callers.as_slice() {
                [] => String::new(),
                callers => format!(" AND {}", statement.one_of("caller_id", callers)),
            };
            format!("SELECT {SUM} FROM tracer_caller_tally WHERE {actions}{callers}")
        } else if self.callers.is_empty() {
            let dataset = statement.parameter(Value::Text(self.datasets[0].clone()));
            let actions = self.actions_in(&mut statement);
            format!("SELECT {SUM} FROM tracer_dataset_tally WHERE folded = {dataset} AND {actions}")
        } else {
            self.counted(&mut statement)
        };
        let rows = snapshot.query(&sql, &statement.params, &[Kind::Int], Reach::Scan).await?;
        count(rows.first().and_then(|row| row.first()))
    }

    /// Counts within the ranges.
    fn counted(&self, statement: &mut Statement) -> String {
        let (table, ..) = self.ranges();
        let conditions = self.conditions(statement);
        let column = if self.datasets.len() > 1 { "trace" } else { "1" };
        let ranges: Vec<String> = conditions
            .iter()
            .map(|condition| format!("SELECT {column} AS one FROM {table} WHERE {condition}"))
            .collect();
        let all = ranges.join(" UNION ALL ");
        let what = if self.datasets.len() > 1 { "DISTINCT one" } else { "*" };
        format!("SELECT COUNT({what}) FROM ({all}) AS ranges")
    }

    fn actions_in(&self, statement: &mut Statement) -> String {
        let actions: Vec<String> = self
            .actions
            .iter()
            .map(|action| statement.parameter(Value::Text(action.name().to_owned())))
            .collect();
        format!("action IN ({})", actions.join(", "))
    }
}

/// PostgreSQL sums integers to a number of another kind.
const SUM: &str = "CAST(SUM(traces) AS BIGINT)";
