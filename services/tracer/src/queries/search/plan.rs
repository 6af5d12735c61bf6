//! A search as ranges of an index: dataset and user, dataset, user or caller, each with an action; or the action alone.

use strongroom_kernel::{Uuid, Value};
use strongroom_model::Timestamp;

use super::statement::Statement;
use crate::{
    queries::rows::PER_UNIT,
    wire::{action::UserAction, query::Cursor},
};

/// Most ranges of one statement: SQLite takes no more than 500. Only a name in dozens of spellings has as many.
const MOST_RANGES: usize = 400;

/// How the index of actions alone names its first column: what fixes more than an action never finds it.
pub(in crate::queries) const ACTION_ALONE: &str = "action || ''";

/// A search with its words replaced by what rows hold.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) datasets: Vec<String>,
    pub(super) users: Vec<Uuid>,
    pub(super) callers: Vec<Uuid>,
    /// Persons one of which must be in the trace.
    pub(super) own: Option<Vec<Uuid>>,
    pub(super) actions: Vec<UserAction>,
    /// Not before this, if anything.
    pub(super) from: Option<Timestamp>,
    /// Before this, if anything.
    pub(super) to: Option<Timestamp>,
    /// Of units before this sequence, if only what is final is asked for.
    pub(super) final_before: Option<u64>,
}

impl Plan {
    /// The table whose indexes have the ranges.
    pub(super) fn table(&self) -> &'static str {
        if self.datasets.is_empty() { "tracer_trace" } else { "tracer_trace_dataset" }
    }

    /// Its column with the trace's id.
    pub(super) fn trace_column(&self) -> &'static str {
        if self.datasets.is_empty() { "id" } else { "trace" }
    }

    /// Whether a trace can be in several ranges.
    pub(super) fn overlaps(&self) -> bool {
        self.datasets.len() > 1
    }

    /// A condition per range, the part of each that its index does not fix at its end. With `cursor` only what is
    /// behind it.
    pub(super) fn ranges(&self, statement: &mut Statement, cursor: Option<Cursor>) -> Vec<String> {
        let rest = self.rest(statement, cursor);
        let actions = statement.each(self.action_names());
        let datasets = statement.each(self.datasets.iter().cloned().map(Value::Text));
        // what the index has before the action: each combination is a range
        let mut heads = Vec::new();
        if !self.users.is_empty() {
            let users = statement.each(self.users.iter().copied().map(Value::Id));
            heads.extend(users.iter().map(|user| format!("user_id = {user} AND ")));
        } else if !self.callers.is_empty() && datasets.is_empty() {
            let callers = statement.each(self.callers.iter().copied().map(Value::Id));
            heads.extend(callers.iter().map(|caller| format!("caller_id = {caller} AND ")));
        } else if let Some(own) = &self.own {
            // as who acted, or else as who said so: each trace in one range
            let others = statement.one_of("user_id", own);
            let persons = statement.each(own.iter().copied().map(Value::Id));
            heads.extend(persons.iter().map(|person| format!("user_id = {person} AND ")));
            if datasets.is_empty() {
                let said = persons.iter().map(|person| format!("NOT {others} AND caller_id = {person} AND "));
                heads.extend(said);
            } else {
                let said = statement.one_of("caller_id", own);
                heads.push(format!("NOT {others} AND {said} AND "));
            }
        }
        let mut action_column = "action";
        if heads.is_empty() {
            heads.push(String::new());
            if datasets.is_empty() {
                action_column = ACTION_ALONE;
            }
        }
        if !datasets.is_empty() {
            let with_dataset = |head: &String| {
                datasets.iter().map(|dataset| format!("{head}folded = {dataset} AND ")).collect::<Vec<_>>()
            };
            heads = heads.iter().flat_map(with_dataset).collect();
        }
        if heads.len() * actions.len() > MOST_RANGES {
            let heads: Vec<String> =
                heads.iter().map(|head| format!("({})", head.trim_end_matches(" AND "))).collect();
            return vec![format!(
                "({}) AND {action_column} IN ({}){rest}",
                heads.join(" OR "),
                actions.join(", ")
            )];
        }
        let with_actions = |head: &String| {
            actions.iter().map(|action| format!("{head}{action_column} = {action}{rest}")).collect::<Vec<_>>()
        };
        heads.iter().flat_map(with_actions).collect()
    }

    /// What holds in every range.
    fn rest(&self, statement: &mut Statement, cursor: Option<Cursor>) -> String {
        let mut conditions = Vec::new();
        if let Some(from) = self.from {
            conditions.push(format!("time >= {}", statement.parameter(Value::Time(from))));
        }
        if let Some(to) = self.to {
            conditions.push(format!("time < {}", statement.parameter(Value::Time(to))));
        }
        if let Some(Cursor::Behind { time, sequence }) = cursor {
            // a unit adds one trace, whose rows all stand behind this
            let time = statement.parameter(Value::Time(time));
            let order = statement.number(sequence * PER_UNIT);
            conditions.push(format!("(time, row_order) < ({time}, {order})"));
        }
        if let Some(sequence) = self.final_before {
            conditions.push(format!("row_order < {}", statement.number(sequence * PER_UNIT)));
        }
        let by_users = !self.users.is_empty();
        let by_callers = !by_users && self.datasets.is_empty();
        if !self.callers.is_empty() && !by_callers {
            // said so that no planner takes the index of callers, whose ranges may be the whole table
            conditions.push(format!("({}) IS TRUE", statement.one_of("caller_id", &self.callers)));
        }
        if let Some(own) = &self.own
            && (by_users || (by_callers && !self.callers.is_empty()))
        {
            let (user, caller) = (statement.one_of("user_id", own), statement.one_of("caller_id", own));
            conditions.push(format!("({user} OR {caller})"));
        }
        conditions.insert(0, String::new());
        conditions.join(" AND ")
    }

    /// The actions as rows name them.
    pub(super) fn action_names(&self) -> impl Iterator<Item = Value> {
        self.actions.iter().map(|action| Value::Text(action.name().to_owned()))
    }
}
