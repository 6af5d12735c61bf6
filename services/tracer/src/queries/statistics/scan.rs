//! Walks the traces of a scope page by page, each page in a snapshot of its own.
//!
//! Pages may come from different snapshots: a trace of the first so many leaves is in every one of them, and what of
//! it is counted never changes.

use std::collections::{HashSet, VecDeque};

use strongroom_kernel::{
    Kernel, Kind, Uuid, Value, from_port,
    ports::{PortError, Reach},
};
use strongroom_model::{Error, Timestamp};

use super::{Scope, USES};
use crate::{
    queries::{persons_folded, search::ACTION_ALONE},
    tables::fold,
    wire::{
        action::UserAction,
        statistics::{Basis, Question},
    },
};

/// Traces of one page.
const PAGE: i64 = 2_000;
/// Rows of one unit: what `row_order` counts per sequence.
const PER_UNIT: u64 = 1_024;

/// What statistics see of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: Uuid,
    /// Of its unit.
    pub sequence: u64,
    /// The time it says.
    pub time: Timestamp,
    /// Who acted.
    pub user: Uuid,
    /// Who said so.
    pub caller: Uuid,
    /// What he did.
    pub action: UserAction,
    /// The datasets it is about, each once.
    pub datasets: Vec<Name>,
    /// The models it is about, each once.
    pub models: Vec<Name>,
    /// The application.
    pub application: Option<Name>,
    /// The tool.
    pub tool: Option<Name>,
    /// Its version.
    pub tool_version: Option<String>,
    /// What was updated.
    pub details: Option<String>,
}

/// An id as it came, and as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// As it came.
    pub shown: String,
    /// In lower case.
    pub folded: String,
}

impl Name {
    fn new(shown: String) -> Self {
        Self { folded: fold(&shown), shown }
    }

    fn each_once(names: impl Iterator<Item = String>) -> Vec<Self> {
        let mut once: Vec<Self> = Vec::new();
        for name in names.map(Self::new) {
            if !once.iter().any(|known| known.folded == name.folded) {
                once.push(name);
            }
        }
        once
    }
}

/// Which events count.
#[derive(Debug, Clone)]
struct Filter {
    users: Option<HashSet<Uuid>>,
    callers: Option<HashSet<Uuid>>,
    datasets: Vec<String>,
    models: Vec<String>,
    applications: Vec<String>,
    tools: Vec<String>,
    actions: Vec<UserAction>,
}

impl Filter {
    fn takes(&self, event: &Event) -> bool {
        let among = |asked: &[String], has: &[Name]| {
            asked.is_empty() || has.iter().any(|name| asked.contains(&name.folded))
        };
        let tool = || {
            let Some(tool) = &event.tool else { return false };
            let version = event.tool_version.as_deref().unwrap_or_default();
            let whole = fold(&format!("{} {version}", tool.shown));
            self.tools.contains(&tool.folded) || self.tools.contains(&whole)
        };
        self.actions.contains(&event.action)
            && self.users.as_ref().is_none_or(|users| users.contains(&event.user))
            && self.callers.as_ref().is_none_or(|callers| callers.contains(&event.caller))
            && among(&self.datasets, &event.datasets)
            && among(&self.models, &event.models)
            && among(&self.applications, event.application.as_slice())
            && (self.tools.is_empty() || tool())
    }
}

/// One range of an index.
#[derive(Debug, Clone)]
enum Range {
    /// All traces in the order of the ledger.
    Ledger,
    /// Those of an action in the order of their times, under one value of the column before it, if there is one.
    Times { under: Option<(&'static str, Value)>, action: UserAction },
}

/// A walk through the events of a scope.
#[derive(Debug)]
pub struct Scan<'k> {
    kernel: &'k Kernel,
    scope: Scope,
    filter: Filter,
    ranges: VecDeque<Range>,
    /// Where the walk stands in the first range: time and order of the last event.
    cursor: Option<(Timestamp, i64)>,
    /// Events that were met already, where ranges can overlap.
    met: Option<HashSet<Uuid>>,
}

impl<'k> Scan<'k> {
    /// A walk through what `question` asks for within `scope`; `actions` where it names none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn new(
        kernel: &'k Kernel,
        scope: &Scope,
        question: &Question,
        actions: &[UserAction],
    ) -> Result<Self, Error> {
        let snapshot = kernel.snapshot().await?;
        let mut persons = Vec::with_capacity(2);
        for names in [&question.users, &question.callers] {
            persons.push(match names.as_slice() {
                [] => None,
                names => Some(HashSet::from_iter(persons_folded(&snapshot, names).await?)),
            });
        }
        let folded = |names: &[String]| names.iter().map(|name| fold(name)).collect::<Vec<_>>();
        let actions = if question.actions.is_empty() { actions } else { &question.actions };
        let filter = Filter {
            callers: persons.pop().flatten(),
            users: persons.pop().flatten(),
            datasets: folded(&question.datasets),
            models: folded(&question.models),
            applications: folded(&question.applications),
            tools: folded(&question.tools),
            actions: actions.to_vec(),
        };
        let met = (filter.datasets.len() > 1).then(HashSet::new);
        let ranges = ranges(&filter, scope.basis);
        Ok(Self { kernel, scope: scope.clone(), filter, ranges, cursor: None, met })
    }

    /// The next events; `None` at the end. A page may be empty.
    ///
    /// # Errors
    /// `Unavailable`; `Internal` when a row cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>, Error> {
        let Some(range) = self.ranges.front().cloned() else { return Ok(None) };
        let (sql, params) = self.statement(&range);
        let snapshot = self.kernel.snapshot().await?;
        let rows = snapshot.query(&sql, &params, &COLUMNS, Reach::Scan).await?;
        let whole = i64::try_from(rows.len()).is_ok_and(|count| count == PAGE);
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            let (event, order) = event(row)?;
            self.cursor = Some((event.time, order));
            let new = self.met.as_mut().is_none_or(|met| met.insert(event.id));
            if new && self.filter.takes(&event) {
                events.push(event);
            }
        }
        if !whole {
            self.ranges.pop_front();
            self.cursor = None;
        }
        Ok(Some(events))
    }

    fn statement(&self, range: &Range) -> (String, Vec<Value>) {
        let order = |sequence: u64| i64::try_from(sequence.saturating_mul(PER_UNIT)).unwrap_or(i64::MAX);
        let (first, end) = (order(self.scope.first), order(self.scope.end));
        match range {
            Range::Ledger => {
                let after = self.cursor.map_or(first - 1, |(_, order)| order);
                let sql = format!(
                    "SELECT {} FROM tracer_trace AS t WHERE t.row_order > $1 AND t.row_order < $2 \
                     ORDER BY t.row_order LIMIT {PAGE}",
                    columns("t", "t")
                );
                (sql, vec![Value::Int(after), Value::Int(end)])
            }
            Range::Times { under, action } => {
                let (from, to) = match self.scope.basis {
                    Basis::Log => (None, None),
                    Basis::Claimed => (self.scope.from, self.scope.to),
                };
                let (time, place) = self.cursor.unwrap_or((from.unwrap_or(Timestamp::MIN), -1));
                let last =
                    to.and_then(|to| Timestamp::from_micros(to.micros() - 1)).unwrap_or(Timestamp::MAX);
                let mut params = vec![
                    Value::Text(action.name().to_owned()),
                    Value::Time(time),
                    Value::Int(place),
                    Value::Time(last),
                    Value::Int(first),
                    Value::Int(end),
                ];
                let action = if under.is_some() { "action" } else { ACTION_ALONE };
                let (tables, trace, condition) = match under {
                    None => ("tracer_trace AS k", "k", String::new()),
                    Some((column, value)) => {
                        params.push(value.clone());
                        let condition = format!("k.{column} = $7 AND ");
                        if *column == "folded" {
                            let tables = "tracer_trace_dataset AS k JOIN tracer_trace AS t ON t.id = k.trace";
                            (tables, "t", condition)
                        } else {
                            ("tracer_trace AS k", "k", condition)
                        }
                    }
                };
                let sql = format!(
                    "SELECT {} FROM {tables} WHERE {condition}k.{action} = $1 AND (k.time, k.row_order) > ($2, $3) \
                     AND k.time <= $4 AND k.row_order >= $5 AND k.row_order < $6 \
                     ORDER BY k.time, k.row_order LIMIT {PAGE}",
                    columns(trace, "k")
                );
                (sql, params)
            }
        }
    }
}

/// The ranges that hold everything `filter` takes, the narrowest there are.
fn ranges(filter: &Filter, basis: Basis) -> VecDeque<Range> {
    let under: Vec<Option<(&'static str, Value)>> = if !filter.datasets.is_empty() {
        filter.datasets.iter().map(|dataset| Some(("folded", Value::Text(dataset.clone())))).collect()
    } else if let Some(users) = &filter.users {
        users.iter().map(|user| Some(("user_id", Value::Id(*user)))).collect()
    } else if let Some(callers) = &filter.callers {
        callers.iter().map(|caller| Some(("caller_id", Value::Id(*caller)))).collect()
    } else if basis == Basis::Claimed {
        vec![None]
    } else {
        return VecDeque::from([Range::Ledger]);
    };
    let mut ranges = VecDeque::new();
    for under in under {
        for action in &filter.actions {
            ranges.push_back(Range::Times { under: under.clone(), action: *action });
        }
    }
    ranges
}

/// Actions a question is about unless it names others.
pub(super) fn uses() -> &'static [UserAction] {
    &USES
}

const COLUMNS: [Kind; 14] = [
    Kind::Id,
    Kind::Int,
    Kind::Time,
    Kind::Id,
    Kind::Id,
    Kind::Text,
    Kind::Text,
    Kind::TextList,
    Kind::Text,
    Kind::Text,
    Kind::TextList,
    Kind::Text,
    Kind::Text,
    Kind::Text,
];

fn columns(trace: &str, key: &str) -> String {
    let of_trace = [
        "user_id",
        "caller_id",
        "action",
        "dataset_id",
        "datasets_ids",
        "application_id",
        "model_id",
        "models_ids",
        "tool_name",
        "tool_version",
        "details",
    ];
    let mut columns = format!("{trace}.id, {key}.row_order, {trace}.time");
    for column in of_trace {
        columns.push_str(", ");
        columns.push_str(trace);
        columns.push('.');
        columns.push_str(column);
    }
    columns
}

fn event(row: Vec<Value>) -> Result<(Event, i64), Error> {
    read_event(row)
        .ok_or_else(|| from_port(PortError::corrupt("statistics of tracer: value of another kind")))
}

fn read_event(row: Vec<Value>) -> Option<(Event, i64)> {
    let mut row = row.into_iter();
    let id = |value| if let Value::Id(id) = value { Some(id) } else { None };
    let text = |value| match value {
        Value::Text(text) => Some(Some(text)),
        Value::Null => Some(None),
        _ => None,
    };
    let list = |value| if let Value::TextList(list) = value { Some(list.0) } else { None };
    let trace = id(row.next()?)?;
    let Value::Int(order) = row.next()? else { return None };
    let Value::Time(time) = row.next()? else { return None };
    let (user, caller) = (id(row.next()?)?, id(row.next()?)?);
    let action = UserAction::from_name(&text(row.next()?)??)?;
    let (dataset, datasets) = (text(row.next()?)?, list(row.next()?)?);
    let application = text(row.next()?)?;
    let (model, models) = (text(row.next()?)?, list(row.next()?)?);
    let (tool, tool_version, details) = (text(row.next()?)?, text(row.next()?)?, text(row.next()?)?);
    let event = Event {
        id: trace,
        sequence: u64::try_from(order).ok()? / PER_UNIT,
        time,
        user,
        caller,
        action,
        datasets: Name::each_once(dataset.into_iter().chain(datasets)),
        models: Name::each_once(model.into_iter().chain(models)),
        application: application.map(Name::new),
        tool: tool.map(Name::new),
        tool_version,
        details,
    };
    Some((event, order))
}
