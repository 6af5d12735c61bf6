//! Questions of statistics: interval, filters and units, as they stand in a query string.

use jiff::tz::TimeZone;
use strongroom_model::Timestamp;

use super::{action::UserAction, problem::Problems, query::Query};

/// Groups of an answer where no number is asked for.
const DEFAULT_TOP: u64 = 20;
/// Most groups of an answer.
const MOST_TOP: u64 = 1_000;

/// Which clock an interval is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Basis {
    /// When the ledger took the trace in; it never goes back.
    #[default]
    Log,
    /// The time the trace itself says.
    Claimed,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Count {
    /// Traces.
    #[default]
    Traces,
    /// Distinct users.
    Users,
    /// Distinct days, in the asked time zone.
    Days,
}

/// Length of one bar of a time line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bucket {
    /// 60 minutes.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// A month of the calendar.
    Month,
}

/// What a statistic is asked of.
#[derive(Debug, Clone)]
pub struct Question {
    /// Not before this.
    pub from: Option<Timestamp>,
    /// Before this.
    pub to: Option<Timestamp>,
    /// The clock of the interval.
    pub basis: Basis,
    /// Who acted: any of these.
    pub users: Vec<String>,
    /// Who said so: any of these.
    pub callers: Vec<String>,
    /// About any of these datasets.
    pub datasets: Vec<String>,
    /// Any of these actions; empty for those that a statistic is about.
    pub actions: Vec<UserAction>,
    /// With any of these tools.
    pub tools: Vec<String>,
    /// By any of these applications.
    pub applications: Vec<String>,
    /// About any of these models.
    pub models: Vec<String>,
    /// What is counted.
    pub count: Count,
    /// Most groups of the answer.
    pub top: u64,
    /// Groups of fewer users are kept back.
    pub min_users: u64,
    /// Leaves the answer is about; as many as are published unless asked.
    pub tree_size: Option<u64>,
    /// Where days begin.
    pub zone: TimeZone,
}

impl Default for Question {
    /// All traces, in UTC.
    fn default() -> Self {
        Self {
            from: None,
            to: None,
            basis: Basis::default(),
            users: Vec::new(),
            callers: Vec::new(),
            datasets: Vec::new(),
            actions: Vec::new(),
            tools: Vec::new(),
            applications: Vec::new(),
            models: Vec::new(),
            count: Count::default(),
            top: DEFAULT_TOP,
            min_users: 0,
            tree_size: None,
            zone: TimeZone::UTC,
        }
    }
}

impl Question {
    /// Reads `query`.
    ///
    /// # Errors
    /// What must be changed.
    pub fn read(query: &Query<'_>) -> Result<Self, Problems> {
        let (from, to) = query.interval()?;
        Ok(Self {
            from,
            to,
            basis: word(query, "time", &[("log", Basis::Log), ("claimed", Basis::Claimed)])?
                .unwrap_or_default(),
            users: query.values(&["userId", "actionUserId"])?,
            callers: query.values(&["callerUserId"])?,
            datasets: query.values(&["datasetId"])?,
            actions: query.actions()?,
            tools: query.values(&["tool"])?,
            applications: query.values(&["applicationId"])?,
            models: query.values(&["modelId"])?,
            count: word(
                query,
                "count",
                &[("traces", Count::Traces), ("users", Count::Users), ("days", Count::Days)],
            )?
            .unwrap_or_default(),
            top: number(query, "top", 1, MOST_TOP)?.unwrap_or(DEFAULT_TOP),
            min_users: number(query, "minUsers", 0, u64::from(u32::MAX))?.unwrap_or(0),
            tree_size: number(query, "treeSize", 0, u64::MAX)?,
            zone: zone(query)?,
        })
    }

    /// `bucket`, which is a day unless asked.
    ///
    /// # Errors
    /// What must be changed.
    pub fn bucket(query: &Query<'_>) -> Result<Bucket, Problems> {
        let words =
            [("hour", Bucket::Hour), ("day", Bucket::Day), ("week", Bucket::Week), ("month", Bucket::Month)];
        Ok(word(query, "bucket", &words)?.unwrap_or(Bucket::Day))
    }

    /// Whether it asks of single persons.
    pub fn names_persons(&self) -> bool {
        !self.users.is_empty() || !self.callers.is_empty()
    }
}

fn word<T: Copy>(query: &Query<'_>, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Problems> {
    let Some(text) = query.last(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    if let Some((_, value)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
        return Ok(Some(*value));
    }
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    Err(Problems::one(name, format!("must be one of {}", known.join(", "))))
}

fn number(query: &Query<'_>, name: &str, least: u64, most: u64) -> Result<Option<u64>, Problems> {
    let Some(text) = query.last(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ if most == u64::MAX => Err(Problems::one(name, "must be a whole number")),
        _ => Err(Problems::one(name, format!("must be a whole number from {least} to {most}"))),
    }
}

fn zone(query: &Query<'_>) -> Result<TimeZone, Problems> {
    match query.last("tz").filter(|text| !text.is_empty()) {
        None => Ok(TimeZone::UTC),
        Some(name) if name.len() <= 64 => TimeZone::get(name)
            .map_err(|_| Problems::one("tz", "must be a name of the IANA time zones, such as Europe/Madrid")),
        Some(_) => Err(Problems::one("tz", "must be a name of the IANA time zones, such as Europe/Madrid")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Question, String> {
        Question::read(&Query::new(text)).map_err(|problems| problems.summary())
    }

    #[test]
    fn instants_are_read_in_both_forms() {
        let micros = |text: &str| read(text).unwrap().from.unwrap().micros();
        for text in [
            "from=1767605400120",
            "from=2026-01-05T09:30:00.120Z",
            "from=2026-01-05T10:30:00.12%2B01:00",
            "from=2026-01-05T10:30:00.12+01:00",
        ] {
            assert_eq!(micros(text), 1_767_605_400_120_000, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        for (text, starts) in [
            ("from=yesterday", "from must be an instant"),
            ("from=99999999999999999999", "from must be an instant"),
            ("from=5&to=5", "to must be after from"),
            ("time=noon", "time must be one of log, claimed"),
            ("count=hours", "count must be one of traces, users, days"),
            ("top=0", "top must be a whole number from 1 to 1000"),
            ("minUsers=x", "minUsers must be"),
            ("treeSize=-1", "treeSize must be"),
            ("tz=Nowhere/Land", "tz must be a name"),
            ("userAction=READ", "userAction must be one of"),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.starts_with(starts), "{text}: {problem}");
        }
        let question = read("count=USERS&time=Claimed&tz=Europe/Madrid&userAction=use_dataset_pod").unwrap();
        assert_eq!((question.count, question.basis), (Count::Users, Basis::Claimed));
        assert_eq!(question.actions, [UserAction::UseDatasets]);
    }
}
