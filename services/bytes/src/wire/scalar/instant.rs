//! Dates with time and zone: read as the original reads them, printed as it prints them.

use speedate::{DateTime, DateTimeConfig, MicrosecondsPrecisionOverflowBehavior, TimeConfig};
use strongroom_model::Timestamp;

/// Numbers of greater magnitude count milliseconds, others seconds.
const LARGEST_SECONDS: f64 = 2e10;

/// Why a value is no usable instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InstantError {
    /// Not a date with time in an accepted form.
    #[error("not a date with time")]
    NotAnInstant,
    /// A date with time, but without a zone.
    #[error("a date with time but without a zone")]
    NoZone,
    /// Before the year 1 or after the year 9999, in UTC.
    #[error("not in the years 1 to 9999")]
    OutOfRange,
}

/// Reads ISO 8601 with a zone, or a Unix time in digits.
///
/// `T`, `t`, a blank or `_` between date and time; seconds may be missing; fractions of any length are cut to
/// microseconds; the zone is `Z`, `z`, `±hh:mm` or `±hhmm`. Digits are seconds, or milliseconds above 2·10¹⁰ in
/// magnitude, and their fraction is rounded.
///
/// # Errors
/// [`InstantError`] by kind; a bare date, second 60 and blanks around are [`InstantError::NotAnInstant`].
pub fn parse_instant(text: &str) -> Result<Timestamp, InstantError> {
    // An exponent is the one letter that the float reader behind the parser would let pass.
    if text.contains(['e', 'E']) {
        return Err(InstantError::NotAnInstant);
    }
    let parsed = DateTime::parse_bytes_with_config(text.as_bytes(), &config());
    let date = parsed.map_err(|_| InstantError::NotAnInstant)?;
    if date.time.tz_offset.is_none() {
        return Err(InstantError::NoZone);
    }
    instant(&date)
}

/// Reads a Unix time given as a number; see [`parse_instant`] for its unit.
///
/// `number` is whole when `is_whole`, and then exact within 64 bits.
///
/// # Errors
/// [`InstantError::NotAnInstant`] for not-a-number, [`InstantError::OutOfRange`] outside the years 1 to 9999.
pub fn instant_from_number(number: Number) -> Result<Timestamp, InstantError> {
    let (whole, micros) = match number {
        Number::Whole(whole) => (whole, 0),
        Number::Float(float) => split(float)?,
    };
    let date = DateTime::from_timestamp_with_config(whole, micros, &config());
    date.map_err(|_| InstantError::OutOfRange).and_then(|date| instant(&date))
}

/// A Unix time as a JSON number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Without point and exponent.
    Whole(i64),
    /// With point or exponent.
    Float(f64),
}

/// Splits a float into the whole number below it and microseconds.
///
/// The original adds the *magnitude* of the fraction to the whole number below, so -1.25 becomes -1.75; kept, since
/// the hash of a file depends on it.
fn split(float: f64) -> Result<(i64, u32), InstantError> {
    if float.is_nan() {
        return Err(InstantError::NotAnInstant);
    }
    let per_unit = if float.abs() > LARGEST_SECONDS { 1e3 } else { 1e6 };
    let micros = (float.fract().abs() * per_unit).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole numbers beyond 64 bits saturate and are out of range; the fraction is 0 to 1,000,000"
    )]
    Ok((float.floor() as i64, micros as u32))
}

fn config() -> DateTimeConfig {
    DateTimeConfig {
        time_config: TimeConfig {
            microseconds_precision_overflow_behavior: MicrosecondsPrecisionOverflowBehavior::Truncate,
            unix_timestamp_offset: Some(0),
        },
        ..DateTimeConfig::default()
    }
}

fn instant(date: &DateTime) -> Result<Timestamp, InstantError> {
    if date.date.year == 0 {
        return Err(InstantError::OutOfRange);
    }
    let micros = date.timestamp_tz() * 1_000_000 + i64::from(date.time.microsecond);
    Timestamp::from_micros(micros).ok_or(InstantError::OutOfRange)
}

/// Appends an instant as answers show it: UTC with `Z`, six fraction digits, or none when they would be zero.
pub fn push_instant(out: &mut String, instant: Timestamp) {
    let text = instant.to_string();
    match text.strip_suffix(".000000Z") {
        Some(whole) => out.extend([whole, "Z"]),
        None => out.push_str(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(instant: Timestamp) -> String {
        let mut out = String::new();
        push_instant(&mut out, instant);
        out
    }

    #[test]
    fn accepted_texts_give_these_instants() {
        for (text, expected) in [
            ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
            ("2024-01-02T03:04Z", "2024-01-02T03:04:00Z"),
            ("2024-01-02 03:04:05.1234569z", "2024-01-02T03:04:05.123456Z"),
            ("2024-01-02_03:04:05,9999999+0130", "2024-01-02T01:34:05.999999Z"),
            ("2024-01-02t03:04:05.5-00:30", "2024-01-02T03:34:05.500000Z"),
            ("2024-01-02T03:04:05.123456789012345678901234567890Z", "2024-01-02T03:04:05.123456Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"),
            ("1700000000", "2023-11-14T22:13:20Z"),
            ("+1700000000", "2023-11-14T22:13:20Z"),
            ("1700000000.", "2023-11-14T22:13:20Z"),
            ("1700000000123", "2023-11-14T22:13:20.123000Z"),
            ("1700000000123.4567", "2023-11-14T22:13:20.123457Z"),
            ("20000000000", "2603-10-11T11:33:20Z"),
            ("20000000001", "1970-08-20T11:33:20.001000Z"),
            ("-20000000000", "1336-03-23T12:26:40Z"),
            ("-1.25", "1969-12-31T23:59:58.750000Z"),
            (".5", "1970-01-01T00:00:00.500000Z"),
            ("253402300799999", "9999-12-31T23:59:59.999000Z"),
        ] {
            assert_eq!(parse_instant(text).map(printed).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_by_kind() {
        use InstantError::{NoZone, NotAnInstant, OutOfRange};
        for (text, expected) in [
            ("2024-01-02T03:04:05", NoZone),
            ("2024-01-02", NotAnInstant),
            ("", NotAnInstant),
            ("2024-01-02T03:04:60Z", NotAnInstant),
            ("2024-01-02T24:00:00Z", NotAnInstant),
            ("2024-01-02T03:04:05+01", NotAnInstant),
            ("2024-01-02T03:04:05+24:00", NotAnInstant),
            (" 2024-01-02T03:04:05Z", NotAnInstant),
            ("2024-01-02T03:04:05Z ", NotAnInstant),
            ("20240102T030405Z", NotAnInstant),
            ("2024-02-30T00:00:00Z", NotAnInstant),
            ("1e9", NotAnInstant),
            ("1700000000.e1", NotAnInstant),
            ("nan", NotAnInstant),
            ("0000-01-01T00:00:00Z", OutOfRange),
            ("0001-01-01T00:00:00+02:00", OutOfRange),
            ("9999-12-31T23:00:00-05:00", OutOfRange),
            ("-62135596800001", OutOfRange),
        ] {
            assert_eq!(parse_instant(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn numbers_are_unix_times() {
        for (number, expected) in [
            (Number::Whole(1_700_000_000), "2023-11-14T22:13:20Z"),
            (Number::Whole(20_000_000_001), "1970-08-20T11:33:20.001000Z"),
            (Number::Whole(-62_135_596_800_000), "0001-01-01T00:00:00Z"),
            (Number::Float(1_700_000_000.123_456_7), "2023-11-14T22:13:20.123457Z"),
            (Number::Float(1_700_000_123_123.456_7), "2023-11-14T22:15:23.123457Z"),
            (Number::Float(-1.25), "1969-12-31T23:59:58.250000Z"),
            (Number::Float(-0.5), "1969-12-31T23:59:59.500000Z"),
            (Number::Float(1e-7), "1970-01-01T00:00:00Z"),
            (Number::Float(0.999_999_9), "1970-01-01T00:00:01Z"),
            (Number::Float(-20_000_001_000.0), "1969-05-14T12:26:39Z"),
        ] {
            assert_eq!(instant_from_number(number).map(printed).as_deref(), Ok(expected), "{number:?}");
        }
    }

    #[test]
    fn numbers_without_an_instant_are_refused() {
        assert_eq!(instant_from_number(Number::Float(f64::NAN)), Err(InstantError::NotAnInstant));
        for number in [
            Number::Float(f64::INFINITY),
            Number::Float(f64::NEG_INFINITY),
            Number::Float(1e300),
            Number::Whole(253_402_300_800_000),
            Number::Whole(-62_135_596_800_001),
            Number::Whole(i64::MAX),
            Number::Whole(i64::MIN),
        ] {
            assert_eq!(instant_from_number(number), Err(InstantError::OutOfRange), "{number:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_printed_instant_reads_back(micros in Timestamp::MIN.micros()..=Timestamp::MAX.micros()) {
            let instant = Timestamp::from_micros(micros).unwrap();
            proptest::prop_assert_eq!(parse_instant(&printed(instant)), Ok(instant));
        }

        #[test]
        fn no_text_and_no_number_is_too_odd(text in "[0-9TZ:.+_, -]{0,32}", bits in proptest::num::u64::ANY) {
            let _any_answer = parse_instant(&text);
            let _any_answer = instant_from_number(Number::Float(f64::from_bits(bits)));
        }
    }
}
