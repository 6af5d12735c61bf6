//! An instant with microsecond precision, as rows, records and leaves keep it.

use std::{fmt, str::FromStr, time::Duration};

/// Microseconds since the Unix epoch, UTC, between the years 1 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// `0001-01-01T00:00:00Z`.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// `9999-12-31T23:59:59.999999Z`.
    pub const MAX: Self = Self(253_402_300_799_999_999);
    /// `1970-01-01T00:00:00Z`.
    pub const UNIX_EPOCH: Self = Self(0);

    /// The instant that many microseconds after the epoch; `None` outside the years 1 to 9999.
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < Self::MIN.0 || micros > Self::MAX.0 { None } else { Some(Self(micros)) }
    }

    /// Microseconds since the Unix epoch, negative before it.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This instant moved by `duration`, held at [`Timestamp::MAX`].
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let by = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(by).min(Self::MAX.0))
    }

    /// Time from `earlier` to this instant; zero when `earlier` is later.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The later of this instant and the one a microsecond after `previous`.
    #[must_use]
    pub fn after(self, previous: Self) -> Self {
        Self(self.0.max(previous.0.saturating_add(1)).min(Self::MAX.0))
    }

    fn civil(self) -> jiff::civil::DateTime {
        // jiff's own `Timestamp` ends a day early, so that every offset fits: civil arithmetic reaches the end.
        EPOCH
            .checked_add(jiff::SignedDuration::from_micros(self.0))
            .expect("years 1 to 9999 are in jiff's civil range")
    }
}

const EPOCH: jiff::civil::DateTime = jiff::civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// RFC 3339 in UTC with exactly six fraction digits: `2025-03-04T10:20:30.000000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.civil();
        write!(
            formatter,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            civil.year(),
            civil.month(),
            civil.day(),
            civil.hour(),
            civil.minute(),
            civil.second(),
            civil.subsec_nanosecond() / 1000,
        )
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Timestamp({self})")
    }
}

/// The text is not an RFC 3339 instant in UTC between the years 1 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 instant in UTC")]
pub struct ParseTimestampError;

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let civil = text.strip_suffix('Z').ok_or(ParseTimestampError)?;
        let civil: jiff::civil::DateTime = civil.parse().map_err(|_| ParseTimestampError)?;
        let micros = civil.duration_since(EPOCH).as_micros();
        i64::try_from(micros).ok().and_then(Self::from_micros).ok_or(ParseTimestampError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_six_digits_over_the_whole_range() {
        let check = |micros: i64, text: &str| {
            let timestamp = Timestamp::from_micros(micros).unwrap();
            assert_eq!(timestamp.to_string(), text);
            assert_eq!(text.parse::<Timestamp>().unwrap(), timestamp);
        };
        check(0, "1970-01-01T00:00:00.000000Z");
        check(-1, "1969-12-31T23:59:59.999999Z");
        check(1_741_083_630_250_000, "2025-03-04T10:20:30.250000Z");
        check(Timestamp::MIN.micros(), "0001-01-01T00:00:00.000000Z");
        check(Timestamp::MAX.micros(), "9999-12-31T23:59:59.999999Z");
    }

    #[test]
    fn instants_outside_four_digit_years_are_refused() {
        assert_eq!(Timestamp::from_micros(Timestamp::MAX.micros() + 1), None);
        assert_eq!(Timestamp::from_micros(Timestamp::MIN.micros() - 1), None);
    }

    #[test]
    fn after_never_goes_back() {
        let now = Timestamp::from_micros(10).unwrap();
        let earlier = Timestamp::from_micros(4).unwrap();
        assert_eq!(now.after(earlier), now);
        assert_eq!(earlier.after(now).micros(), 11);
    }
}
