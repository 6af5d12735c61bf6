//! Traces over time, in hours, days, weeks or months of a place.

use std::collections::HashSet;

use jiff::{ToSpan as _, Zoned, civil::Weekday, tz::TimeZone};
use strongroom_kernel::{Kernel, from_port};
use strongroom_model::{Error, ErrorKind, Timestamp};

use super::{Budget, Scan, Scope, persons::Persons, scan::uses};
use crate::wire::statistics::{Bucket, Question};

/// Most bars of a time line.
const MOST_BARS: usize = 1_000;
/// Most days that are told apart.
const MOST_DAYS: usize = 3_700;

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Where it begins.
    pub start: Timestamp,
    /// Traces and distinct users; absent where there are fewer users than asked.
    pub counts: Option<(u64, u64)>,
}

/// Traces over the interval of `question`, which must have a beginning; bars without traces are there too.
///
/// # Errors
/// `Invalid` without a beginning, or for too many bars; `Unsupported` when it would need too much memory;
/// `Unavailable`.
pub async fn timeline(
    kernel: &Kernel,
    scope: &Scope,
    question: &Question,
    bucket: Bucket,
) -> Result<Vec<Bar>, Error> {
    let Some(from) = question.from else {
        return Err(Error::new(ErrorKind::Invalid, "from is missing: a time line must have a beginning"));
    };
    let end = end(kernel, scope).await?;
    let starts = starts(&question.zone, bucket, from, end, MOST_BARS).ok_or_else(|| {
        let text =
            format!("bucket would make more than {MOST_BARS} bars: take a longer one or a shorter interval");
        Error::new(ErrorKind::Invalid, text)
    })?;
    let calendar = Calendar(scope.places(kernel, &starts).await?);
    let (mut budget, mut persons) = (Budget::default(), Persons::default());
    let mut bars: Vec<(u64, HashSet<u32>)> = vec![(0, HashSet::new()); starts.len()];
    let mut scan = Scan::new(kernel, scope, question, uses()).await?;
    while let Some(events) = scan.next().await? {
        for event in events {
            let user = persons.number(event.user)?;
            let number = calendar.number(scope.place(&event)).and_then(|number| usize::try_from(number).ok());
            let Some((traces, users)) = number.and_then(|number| bars.get_mut(number)) else { continue };
            *traces += 1;
            if users.insert(user) {
                budget.take()?;
            }
        }
    }
    let bars = starts.into_iter().zip(bars).map(|(start, (traces, users))| {
        let users = users.len() as u64;
        Bar { start, counts: (traces == 0 || users >= question.min_users).then_some((traces, users)) }
    });
    Ok(bars.collect())
}

/// Places where parts of time begin, rising.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Calendar(Vec<i64>);

impl Calendar {
    /// Which part holds `place`, from 0.
    pub(super) fn number(&self, place: i64) -> Option<u32> {
        let after = self.0.partition_point(|start| *start <= place);
        after.checked_sub(1).and_then(|number| u32::try_from(number).ok())
    }
}

/// The days of the interval in the asked zone.
pub(super) async fn days(kernel: &Kernel, scope: &Scope, question: &Question) -> Result<Calendar, Error> {
    let from = match question.from {
        Some(from) => from,
        None if scope.size == 0 => return Ok(Calendar(Vec::new())),
        None => kernel.ledger().time_of(0).await.map_err(from_port)?,
    };
    let starts = starts(&question.zone, Bucket::Day, from, end(kernel, scope).await?, MOST_DAYS);
    let starts = starts.ok_or_else(|| {
        Error::new(
            ErrorKind::Invalid,
            format!("from and to are more than {MOST_DAYS} days apart: too many to count"),
        )
    })?;
    Ok(Calendar(scope.places(kernel, &starts).await?))
}

/// The end of the interval, or of the ledger where it has none.
async fn end(kernel: &Kernel, scope: &Scope) -> Result<Timestamp, Error> {
    match (scope.to, scope.size.checked_sub(1)) {
        (Some(to), _) => Ok(to),
        (None, None) => Ok(Timestamp::UNIX_EPOCH),
        (None, Some(last)) => {
            let last = kernel.ledger().time_of(last).await.map_err(from_port)?;
            Ok(Timestamp::from_micros(last.micros() + 1).unwrap_or(Timestamp::MAX))
        }
    }
}

/// Where the parts that hold the interval begin: the first at or before `from`, the last before `to`. `None` if they
/// are more than `most`, or outside the calendar.
fn starts(
    zone: &TimeZone,
    bucket: Bucket,
    from: Timestamp,
    to: Timestamp,
    most: usize,
) -> Option<Vec<Timestamp>> {
    let mut starts = Vec::new();
    let mut next = floor(zone, bucket, from)?;
    loop {
        let start = Timestamp::from_micros(next.timestamp().as_microsecond())?;
        // an interval without an instant of the ledger still has the part it begins in
        if start >= to && !starts.is_empty() {
            return Some(starts);
        }
        if starts.len() == most {
            return None;
        }
        starts.push(start);
        next = step(zone, bucket, &next)?;
    }
}

/// The beginning of the part that holds `time`.
fn floor(zone: &TimeZone, bucket: Bucket, time: Timestamp) -> Option<Zoned> {
    let zoned = jiff::Timestamp::from_microsecond(time.micros()).ok()?.to_zoned(zone.clone());
    let date = zoned.date();
    let date = match bucket {
        Bucket::Hour => {
            // an hour that the clocks repeat is two: go back by what the minute hand says
            let into = i64::from(zoned.minute()) * 60_000_000_000
                + i64::from(zoned.second()) * 1_000_000_000
                + i64::from(zoned.subsec_nanosecond());
            return zoned.checked_sub(into.nanoseconds()).ok();
        }
        Bucket::Day => date,
        Bucket::Week => {
            let back = date.weekday().since(Weekday::Monday);
            date.checked_sub(back.days()).ok()?
        }
        Bucket::Month => date.first_of_month(),
    };
    date.to_zoned(zone.clone()).ok()
}

/// The beginning of the part after the one that begins at `start`.
fn step(zone: &TimeZone, bucket: Bucket, start: &Zoned) -> Option<Zoned> {
    let date = start.date();
    let date = match bucket {
        Bucket::Hour => return start.checked_add(1.hour()).ok(),
        Bucket::Day => date.checked_add(1.day()).ok()?,
        Bucket::Week => date.checked_add(1.week()).ok()?,
        Bucket::Month => date.first_of_month().checked_add(1.month()).ok()?,
    };
    date.to_zoned(zone.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(zone: &str, bucket: Bucket, from: &str, to: &str, expected: &[&str]) {
        let time = |text: &str| text.parse::<Timestamp>().expect(text);
        let zone = TimeZone::get(zone).expect(zone);
        let found = starts(&zone, bucket, time(from), time(to), 100).expect("in the calendar");
        let expected: Vec<Timestamp> = expected.iter().map(|text| time(text)).collect();
        assert_eq!(found, expected, "{from} {to}");
    }

    #[test]
    fn days_are_23_and_25_hours_long_where_clocks_change() {
        check(
            "Europe/Madrid",
            Bucket::Day,
            "2026-03-28T12:00:00Z",
            "2026-03-30T22:00:00Z",
            &["2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"],
        );
        check(
            "Europe/Madrid",
            Bucket::Day,
            "2026-10-24T22:00:00Z",
            "2026-10-25T23:00:00.000001Z",
            &["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"],
        );
    }

    #[test]
    fn no_hour_is_lost_or_told_twice() {
        check(
            "Europe/Madrid",
            Bucket::Hour,
            "2026-10-25T00:30:00Z",
            "2026-10-25T03:00:00Z",
            &["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"],
        );
        check(
            "Asia/Kolkata",
            Bucket::Hour,
            "2026-01-01T00:10:00Z",
            "2026-01-01T01:00:00Z",
            &["2025-12-31T23:30:00Z", "2026-01-01T00:30:00Z"],
        );
    }

    #[test]
    fn weeks_begin_on_mondays_and_months_on_the_first() {
        check(
            "UTC",
            Bucket::Week,
            "2026-01-01T00:00:00Z",
            "2026-01-12T00:00:00Z",
            &["2025-12-29T00:00:00Z", "2026-01-05T00:00:00Z"],
        );
        check(
            "UTC",
            Bucket::Month,
            "2026-01-31T05:00:00Z",
            "2026-03-01T00:00:00.000001Z",
            &["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"],
        );
    }

    #[test]
    fn too_many_are_refused_before_they_are_made() {
        let (from, to) = (Timestamp::UNIX_EPOCH, Timestamp::MAX);
        assert_eq!(starts(&TimeZone::UTC, Bucket::Hour, from, to, 1_000), None);
    }

    #[test]
    fn a_place_is_in_the_last_part_that_begins_at_or_before_it() {
        let calendar = Calendar(vec![3, 3, 7]);
        let numbers: Vec<_> = [2, 3, 6, 7, 100].map(|place| calendar.number(place)).into();
        assert_eq!(numbers, [None, Some(1), Some(1), Some(2), Some(2)]);
    }
}
