//! The time of a stamp: `GeneralizedTime` in UTC, with fractions of a second (RFC 3161 §2.4.2).

use der::DateTime;
use strongroom_model::Timestamp;

use super::error::{TokenError, malformed};

const UNREADABLE: TokenError = TokenError::Broken("the stamp's time is not one in UTC");

/// Reads `YYYYMMDDhhmmss[.f…]Z`; what is finer than a microsecond is cut off.
pub(crate) fn parse(text: &[u8]) -> Result<Timestamp, TokenError> {
    let text = text.strip_suffix(b"Z").ok_or(UNREADABLE)?;
    let (whole, fraction) = match text.iter().position(|&byte| byte == b'.') {
        Some(point) => (&text[..point], Some(&text[point + 1..])),
        None => (text, None),
    };
    if whole.len() != 14 {
        return Err(UNREADABLE);
    }
    let part = |from: usize, to: usize| number(&whole[from..to]);
    let short =
        |from: usize| part(from, from + 2).and_then(|value| u8::try_from(value).map_err(|_| UNREADABLE));
    let year = u16::try_from(part(0, 4)?).map_err(|_| UNREADABLE)?;
    let time = DateTime::new(year, short(4)?, short(6)?, short(8)?, short(10)?, short(12)?)
        .map_err(malformed("the stamp's time"))?;
    let seconds = i64::try_from(time.unix_duration().as_secs()).map_err(|_| UNREADABLE)?;
    let micros = fraction.map_or(Ok(0), micros)?;
    Timestamp::from_micros(seconds * 1_000_000 + i64::from(micros)).ok_or(UNREADABLE)
}

fn micros(fraction: &[u8]) -> Result<u32, TokenError> {
    if fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
        return Err(UNREADABLE);
    }
    let digits = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(6);
    Ok(digits.fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
}

fn number(digits: &[u8]) -> Result<u32, TokenError> {
    digits.iter().try_fold(0, |value, digit| match digit {
        b'0'..=b'9' => Ok(value * 10 + u32::from(digit - b'0')),
        _ => Err(UNREADABLE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_microsecond() {
        for (text, micros) in [
            ("20260311000000Z", 1_773_187_200_000_000),
            ("19700101000000Z", 0),
            ("20260311000000.5Z", 1_773_187_200_500_000),
            ("20260311000000.000001Z", 1_773_187_200_000_001),
            ("20260311000000.1234567Z", 1_773_187_200_123_456),
        ] {
            assert_eq!(parse(text.as_bytes()).expect(text).micros(), micros, "{text}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "Z",
            "20260311000000",
            "20260311000000+0100",
            "202603110000Z",
            "20260311000000.Z",
            "20261311000000Z",
            "20260230000000Z",
            "20260311240000Z",
            "20260311000000.1.2Z",
            "2026031100000aZ",
            "19690101000000Z",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
