//! Uses that stand out, by four rules that anybody can check by hand. A rule finds what is worth a look, not guilt.
//!
//! The interval is one of the asked clock; within it, rules go by the time that traces say.

use std::collections::{BTreeMap, HashMap};

use strongroom_kernel::{Kernel, Uuid};
use strongroom_model::{Error, ErrorKind, Timestamp};

use super::{Budget, Event, Scan, Scope, scan::uses};
use crate::{
    queries::names_of,
    wire::{
        action::UserAction,
        statistics::{Basis, Question},
    },
};

/// What a user did in this many days before the interval is what he usually does.
const BASELINE_DAYS: u16 = 30;
/// A day stands out from this many uses on,
const BUSY_DAY: usize = 10;
/// and from this many times the usual.
const TIMES_USUAL: usize = 4;
/// So many datasets,
const MANY_DATASETS: usize = 20;
/// within this time, in microseconds, are many.
const SHORT_MICROS: i64 = 10 * 60 * 1_000_000;
/// So many uses at night or at a week's end stand out.
const OFF_HOURS: usize = 3;
/// A day's work is from this hour
const MORNING: i8 = 6;
/// to this one, where the question is asked.
const EVENING: i8 = 22;
/// Traces that are named as evidence, at most.
const MOST_EVIDENCE: usize = 100;

const DAY_MICROS: i64 = 86_400_000_000;

/// Something that stands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// Which rule found it.
    pub rule: &'static str,
    /// Whose it is, unless the name was erased.
    pub user: Option<String>,
    /// The dataset it is about, if it is about one.
    pub dataset: Option<String>,
    /// When it began.
    pub time: Timestamp,
    /// What it is, in words.
    pub what: String,
    /// The first of the traces that show it.
    pub traces: Vec<Uuid>,
}

/// A finding before its person has a name.
struct Finding {
    person: Uuid,
    anomaly: Anomaly,
}

impl Finding {
    fn new(rule: &'static str, person: Uuid, events: &[&Event], what: String) -> Self {
        let time = events.first().map_or(Timestamp::UNIX_EPOCH, |event| event.time);
        let traces = events.iter().take(MOST_EVIDENCE).map(|event| event.id).collect();
        Self { person, anomaly: Anomaly { rule, user: None, dataset: None, time, what, traces } }
    }
}

/// What stands out in the interval of `question`, which must have both ends; the earliest first.
///
/// # Errors
/// `Invalid` without both ends; `Unsupported` when it would need too much memory; `Unavailable`.
pub async fn anomalies(kernel: &Kernel, scope: &Scope, question: &Question) -> Result<Vec<Anomaly>, Error> {
    let (Some(from), Some(_)) = (scope.from, scope.to) else {
        return Err(Error::new(ErrorKind::Invalid, "from and to are both needed to look for anomalies"));
    };
    let mut budget = Budget::default();
    let mut by_user: BTreeMap<Uuid, Vec<Event>> = BTreeMap::new();
    let mut scan = Scan::new(kernel, scope, question, uses()).await?;
    while let Some(events) = scan.next().await? {
        for event in events {
            budget.take()?;
            by_user.entry(event.user).or_default().push(event);
        }
    }
    for events in by_user.values_mut() {
        events.sort_by_key(|event| (event.time, event.sequence));
    }
    let usual = usual(kernel, scope, question, from).await?;
    let mut found = Vec::new();
    for (user, events) in &by_user {
        let usual = usual.get(user).copied().unwrap_or_default();
        busy_days(&mut found, *user, events, usual, question);
        many_datasets(&mut found, *user, events);
        off_hours(&mut found, *user, events, usual, question);
    }
    after_invalidation(kernel, scope, question, &by_user, &mut found).await?;
    found.sort_by(|left, right| {
        (left.anomaly.time, left.anomaly.rule, left.person).cmp(&(
            right.anomaly.time,
            right.anomaly.rule,
            right.person,
        ))
    });
    found.truncate(usize::try_from(question.top).unwrap_or(usize::MAX));
    let persons: Vec<Uuid> = found.iter().map(|finding| finding.person).collect();
    let names = names_of(&kernel.snapshot().await?, &persons).await?;
    let named = found.into_iter().map(|Finding { person, anomaly }| Anomaly {
        user: names.get(&person).cloned().flatten(),
        ..anomaly
    });
    Ok(named.collect())
}

/// What a user did before the interval.
#[derive(Debug, Clone, Copy, Default)]
struct Usual {
    uses: usize,
    off_hours: usize,
}

async fn usual(
    kernel: &Kernel,
    scope: &Scope,
    question: &Question,
    from: Timestamp,
) -> Result<HashMap<Uuid, Usual>, Error> {
    let start = Timestamp::from_micros(from.micros() - i64::from(BASELINE_DAYS) * DAY_MICROS);
    let before =
        Scope::at(kernel, scope.size, scope.basis, Some(start.unwrap_or(Timestamp::MIN)), Some(from));
    let mut scan = Scan::new(kernel, &before.await?, question, uses()).await?;
    let mut usual: HashMap<Uuid, Usual> = HashMap::new();
    while let Some(events) = scan.next().await? {
        for event in events {
            let of_user = usual.entry(event.user).or_default();
            of_user.uses += 1;
            of_user.off_hours += usize::from(is_off_hours(&event, question));
        }
    }
    Ok(usual)
}

/// More uses in a day than four times the usual.
fn busy_days(found: &mut Vec<Finding>, user: Uuid, events: &[Event], usual: Usual, question: &Question) {
    let mut days: BTreeMap<jiff::civil::Date, Vec<&Event>> = BTreeMap::new();
    for event in events {
        if let Some(local) = local(event, question) {
            days.entry(local.date()).or_default().push(event);
        }
    }
    let limit = BUSY_DAY.max(TIMES_USUAL * usual.uses.div_ceil(usize::from(BASELINE_DAYS)));
    for (date, of_day) in days {
        if of_day.len() >= limit {
            let what = format!(
                "{} uses on {date}, after {} in the {BASELINE_DAYS} days before the interval",
                of_day.len(),
                usual.uses
            );
            found.push(Finding::new("rate", user, &of_day, what));
        }
    }
}

/// Many datasets in a short time. What was told once is not told again with one more.
fn many_datasets(found: &mut Vec<Finding>, user: Uuid, events: &[Event]) {
    let mut start = 0;
    let mut told = 0;
    let mut inside: HashMap<&str, usize> = HashMap::new();
    for (end, event) in events.iter().enumerate() {
        for dataset in &event.datasets {
            *inside.entry(&dataset.folded).or_default() += 1;
        }
        while event.time.micros() - events[start].time.micros() > SHORT_MICROS {
            for dataset in &events[start].datasets {
                if let Some(count) = inside.get_mut(dataset.folded.as_str()) {
                    *count -= 1;
                    if *count == 0 {
                        inside.remove(dataset.folded.as_str());
                    }
                }
            }
            start += 1;
        }
        if inside.len() >= MANY_DATASETS && start >= told {
            let evidence: Vec<&Event> = events[start..=end].iter().collect();
            let what = format!("{} datasets within 10 minutes", inside.len());
            found.push(Finding::new("many-datasets", user, &evidence, what));
            told = end + 1;
        }
    }
}

/// Uses at night or at a week's end by somebody who rarely has them then.
fn off_hours(found: &mut Vec<Finding>, user: Uuid, events: &[Event], usual: Usual, question: &Question) {
    let evidence: Vec<&Event> = events.iter().filter(|event| is_off_hours(event, question)).collect();
    let rare = usual.off_hours * 4 <= usual.uses;
    if evidence.len() >= OFF_HOURS && rare {
        let what = format!(
            "{} of {} uses outside {MORNING}:00 to {EVENING}:00 from Monday to Friday",
            evidence.len(),
            events.len()
        );
        found.push(Finding::new("off-hours", user, &evidence, what));
    }
}

fn is_off_hours(event: &Event, question: &Question) -> bool {
    local(event, question).is_some_and(|local| {
        let day = local.weekday().to_monday_zero_offset();
        day >= 5 || !(MORNING..EVENING).contains(&local.hour())
    })
}

fn local(event: &Event, question: &Question) -> Option<jiff::Zoned> {
    let instant = jiff::Timestamp::from_microsecond(event.time.micros()).ok()?;
    Some(instant.to_zoned(question.zone.clone()))
}

/// The first use of a dataset after it was invalidated, while it was not made valid again.
async fn after_invalidation(
    kernel: &Kernel,
    scope: &Scope,
    question: &Question,
    by_user: &BTreeMap<Uuid, Vec<Event>>,
    found: &mut Vec<Finding>,
) -> Result<(), Error> {
    let changes = changes(kernel, scope).await?;
    let mut first: BTreeMap<(&str, u64), &Event> = BTreeMap::new();
    for event in by_user.values().flatten() {
        for dataset in &event.datasets {
            let Some(changes) = changes.get(&dataset.folded) else { continue };
            let last = changes.iter().rev().find(|change| change.sequence < event.sequence);
            let Some(Change { sequence, valid: false }) = last else { continue };
            let known = first.entry((&dataset.folded, *sequence)).or_insert(event);
            if event.sequence < known.sequence {
                *known = event;
            }
        }
    }
    for ((dataset, invalidated), event) in first {
        if invalidated < scope.first && used_between(kernel, scope, question, dataset, invalidated).await? {
            continue;
        }
        let shown = event.datasets.iter().find(|name| name.folded == dataset);
        let what = "first use of a dataset after it was invalidated".to_owned();
        let mut finding = Finding::new("after-invalidation", event.user, &[event], what);
        finding.anomaly.dataset = shown.map(|name| name.shown.clone());
        found.push(finding);
    }
    Ok(())
}

/// A dataset became valid or not.
#[derive(Debug, Clone, Copy)]
struct Change {
    sequence: u64,
    valid: bool,
}

/// All changes before the end of the interval, by dataset, rising.
async fn changes(kernel: &Kernel, scope: &Scope) -> Result<HashMap<String, Vec<Change>>, Error> {
    let mut budget = Budget::default();
    // by the times of traces, so that only updates are walked through
    let all = Scope { basis: Basis::Claimed, from: None, to: None, first: 0, ..scope.clone() };
    let mut scan = Scan::new(kernel, &all, &Question::default(), &[UserAction::UpdateDataset]).await?;
    let mut changes: HashMap<String, Vec<Change>> = HashMap::new();
    while let Some(events) = scan.next().await? {
        for event in events {
            let valid = match event.details.as_deref() {
                Some("INVALIDATE") => false,
                Some("REACTIVATE") => true,
                _ => continue,
            };
            for dataset in event.datasets {
                budget.take()?;
                changes.entry(dataset.folded).or_default().push(Change { sequence: event.sequence, valid });
            }
        }
    }
    for of_dataset in changes.values_mut() {
        of_dataset.sort_by_key(|change| change.sequence);
    }
    Ok(changes)
}

/// Whether `dataset` was used behind the unit `after` and before the interval.
async fn used_between(
    kernel: &Kernel,
    scope: &Scope,
    question: &Question,
    dataset: &str,
    after: u64,
) -> Result<bool, Error> {
    let between = Scope { basis: Basis::Log, first: after + 1, end: scope.first, ..scope.clone() };
    let asked = Question {
        datasets: vec![dataset.to_owned()],
        users: Vec::new(),
        callers: Vec::new(),
        ..question.clone()
    };
    let mut scan = Scan::new(kernel, &between, &asked, uses()).await?;
    while let Some(events) = scan.next().await? {
        if !events.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
