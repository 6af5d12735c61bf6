//! Instants as answers have them: epoch milliseconds in a trace, ISO 8601 in lists and cache entries.

use strongroom_model::Timestamp;

/// The instant without what is finer than a millisecond, which is all a trace keeps.
pub fn whole_millis(time: Timestamp) -> Timestamp {
    Timestamp::from_micros(time.micros().div_euclid(1_000) * 1_000).unwrap_or(time)
}

/// An instant as clients write it: RFC 3339, or milliseconds since the epoch.
pub fn read_instant(text: &str) -> Option<Timestamp> {
    let number = text.strip_prefix('-').unwrap_or(text);
    let micros = if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse::<i64>().ok().and_then(|millis| millis.checked_mul(1_000))
    } else {
        // a plus sign that was not encoded arrives as a space
        text.replace(' ', "+").parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
    };
    micros.and_then(Timestamp::from_micros)
}

/// Milliseconds since the epoch, as the decimal text of a trace.
pub fn millis(time: Timestamp) -> String {
    time.micros().div_euclid(1_000).to_string()
}

/// ISO 8601 in UTC with no, three or six digits of fraction, as many as are needed.
pub fn iso(time: Timestamp) -> String {
    let text = time.to_string();
    let (seconds, fraction) = text.split_at(text.len() - ".000000Z".len());
    match fraction {
        ".000000Z" => format!("{seconds}Z"),
        _ if fraction.ends_with("000Z") => format!("{seconds}{}Z", &fraction[..4]),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_digits_as_are_needed() {
        let check = |micros: i64, iso_text: &str, millis_text: &str| {
            let time = Timestamp::from_micros(micros).unwrap();
            assert_eq!((iso(time).as_str(), millis(time).as_str()), (iso_text, millis_text));
        };
        check(1_767_605_400_120_000, "2026-01-05T09:30:00.120Z", "1767605400120");
        check(1_767_605_400_000_000, "2026-01-05T09:30:00Z", "1767605400000");
        check(1_767_605_400_123_456, "2026-01-05T09:30:00.123456Z", "1767605400123");
        check(-1, "1969-12-31T23:59:59.999999Z", "-1");
    }
}
