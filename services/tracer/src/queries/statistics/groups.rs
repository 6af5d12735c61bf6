//! Traces grouped by what they are about.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use strongroom_kernel::{Kernel, Uuid};
use strongroom_model::{Error, Timestamp};

use super::{
    Budget, Event, Scan, Scope,
    persons::Persons,
    scan::{Name, uses},
    timeline::{Calendar, days},
};
use crate::{
    queries::names_of,
    wire::{
        action::UserAction,
        statistics::{Count, Question},
    },
};

/// What traces are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// Datasets; a trace of several counts once for each.
    Datasets,
    /// Models.
    Models,
    /// Applications.
    Applications,
    /// Tools, all versions of one together.
    Tools,
    /// Actions, all names of one together.
    Actions,
    /// Who acted.
    Users,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The id they have in common, as the first of them spells it; absent for a person whose name was erased.
    pub id: Option<String>,
    /// How many of what was asked to be counted.
    pub uses: u64,
    /// How many distinct users.
    pub users: u64,
    /// The first.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
    /// Traces by action, only those that occur.
    pub by_action: Vec<(UserAction, u64)>,
}

/// The largest groups, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// The largest first, then by id.
    pub items: Vec<Group>,
    /// All groups that are not kept back.
    pub total: u64,
}

/// A group while it is counted.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub(super) traces: u64,
    pub(super) users: HashSet<u32>,
    days: HashSet<u32>,
    by_action: [u64; UserAction::ALL.len()],
    pub(super) first: i64,
    pub(super) last: i64,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            traces: 0,
            users: HashSet::new(),
            days: HashSet::new(),
            by_action: [0; UserAction::ALL.len()],
            first: i64::MAX,
            last: i64::MIN,
        }
    }

    pub(super) fn add(
        &mut self,
        action: UserAction,
        place: i64,
        user: u32,
        day: Option<u32>,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        self.traces += 1;
        if let Some(number) = UserAction::ALL.iter().position(|known| *known == action) {
            self.by_action[number] += 1;
        }
        self.first = self.first.min(place);
        self.last = self.last.max(place);
        if self.users.insert(user) {
            budget.take()?;
        }
        if let Some(day) = day
            && self.days.insert(day)
        {
            budget.take()?;
        }
        Ok(())
    }

    fn counted(&self, count: Count) -> u64 {
        match count {
            Count::Traces => self.traces,
            Count::Users => self.users.len() as u64,
            Count::Days => self.days.len() as u64,
        }
    }

    pub(super) fn by_action(&self) -> Vec<(UserAction, u64)> {
        let pairs = UserAction::ALL.into_iter().zip(self.by_action);
        pairs.filter(|(_, count)| *count > 0).collect()
    }
}

/// The groups of `dimension` that `question` asks for.
///
/// # Errors
/// `Unsupported` when the answer would need too much memory; `Unavailable`.
pub async fn groups(
    kernel: &Kernel,
    scope: &Scope,
    question: &Question,
    dimension: Dimension,
) -> Result<Groups, Error> {
    let actions = if dimension == Dimension::Actions { &UserAction::ALL } else { uses() };
    let calendar = match question.count {
        Count::Days => Some(days(kernel, scope, question).await?),
        Count::Traces | Count::Users => None,
    };
    let mut scan = Scan::new(kernel, scope, question, actions).await?;
    let (mut budget, mut persons) = (Budget::default(), Persons::default());
    let mut tallies: HashMap<Key, (String, Tally)> = HashMap::new();
    while let Some(events) = scan.next().await? {
        for event in events {
            let place = scope.place(&event);
            let user = persons.number(event.user)?;
            let day = calendar.as_ref().and_then(|calendar: &Calendar| calendar.number(place));
            for (key, shown) in keys(dimension, &event, question) {
                let (_, tally) = match tallies.entry(key) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => {
                        budget.take()?;
                        entry.insert((shown, Tally::new()))
                    }
                };
                tally.add(event.action, place, user, day, &mut budget)?;
            }
        }
    }
    finish(kernel, scope, question, tallies).await
}

/// What a trace is grouped under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Text(String),
    Person(Uuid),
}

fn keys(dimension: Dimension, event: &Event, question: &Question) -> Vec<(Key, String)> {
    let asked = |names: &[Name], filter: &[String]| {
        // under a filter the others of a trace would be counted in part
        let kept = names.iter().filter(|name| {
            filter.is_empty() || filter.iter().any(|asked| crate::tables::fold(asked) == name.folded)
        });
        kept.map(|name| (Key::Text(name.folded.clone()), name.shown.clone())).collect()
    };
    match dimension {
        Dimension::Datasets => asked(&event.datasets, &question.datasets),
        Dimension::Models => asked(&event.models, &question.models),
        Dimension::Applications => asked(event.application.as_slice(), &[]),
        Dimension::Tools => asked(event.tool.as_slice(), &[]),
        Dimension::Actions => {
            let name = event.action.name().to_owned();
            vec![(Key::Text(name.clone()), name)]
        }
        Dimension::Users => vec![(Key::Person(event.user), String::new())],
    }
}

async fn finish(
    kernel: &Kernel,
    scope: &Scope,
    question: &Question,
    tallies: HashMap<Key, (String, Tally)>,
) -> Result<Groups, Error> {
    let enough = |tally: &Tally| tally.users.len() as u64 >= question.min_users;
    let kept: Vec<_> = tallies.into_iter().filter(|(_, (_, tally))| enough(tally)).collect();
    let total = kept.len() as u64;
    let persons: Vec<Uuid> = kept
        .iter()
        .filter_map(|(key, _)| if let Key::Person(person) = key { Some(*person) } else { None })
        .collect();
    let names = names_of(&kernel.snapshot().await?, &persons).await?;
    let mut kept: Vec<(u64, Option<String>, Key, Tally)> = kept
        .into_iter()
        .map(|(key, (shown, tally))| {
            let id = match &key {
                Key::Text(_) => Some(shown),
                Key::Person(person) => names.get(person).cloned().flatten(),
            };
            (tally.counted(question.count), id, key, tally)
        })
        .collect();
    // what was erased comes last, in the order of random ids
    let sort_key = |id: &Option<String>, key: &Key| {
        let person = if let Key::Person(person) = key { *person } else { Uuid::nil() };
        (id.is_none(), id.clone(), person)
    };
    kept.sort_by(|left, right| {
        right.0.cmp(&left.0).then_with(|| sort_key(&left.1, &left.2).cmp(&sort_key(&right.1, &right.2)))
    });
    kept.truncate(usize::try_from(question.top).unwrap_or(usize::MAX));
    let mut items = Vec::with_capacity(kept.len());
    for (uses, id, _, tally) in kept {
        items.push(Group {
            id,
            uses,
            users: tally.users.len() as u64,
            first: scope.time_at(kernel, tally.first).await?,
            last: scope.time_at(kernel, tally.last).await?,
            by_action: tally.by_action(),
        });
    }
    Ok(Groups { items, total })
}
