//! Durations and sizes as people write them: `250ms`, `60s`, `15m`, `24h`, `7d`; `512B`, `64KiB`, `256MiB`, `1GiB`.

use std::time::Duration;

const DURATIONS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
const SIZES: [(&str, u64); 5] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// A whole number and one of `units`; `None` for anything else.
fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// A duration as text, for flags.
///
/// # Errors
/// A text saying what it should look like.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    parse(text, &DURATIONS)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("{text:?} is not a duration such as 250ms, 60s, 15m, 24h or 7d"))
}

/// A [`Duration`] as text, for `#[serde(with = "…")]`.
pub(crate) mod duration {
    use super::{Duration, parse_duration};
    use serde::{Deserialize as _, Deserializer, de::Error as _};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        parse_duration(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// A number of bytes as text, for `#[serde(with = "…")]`.
pub(crate) mod size {
    use super::{SIZES, parse};
    use serde::{Deserialize as _, Deserializer, de::Error as _};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        let text = String::deserialize(from)?;
        parse(&text, &SIZES)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is not a size such as 64KiB, 256MiB or 1GiB")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_are_read() {
        let check = |text: &str, millis: u64| {
            assert_eq!(parse(text, &DURATIONS), Some(millis), "{text}");
        };
        check("250ms", 250);
        check("61s", 61_000);
        check("15m", 900_000);
        check("7d", 604_800_000);
        assert_eq!(parse("256MiB", &SIZES), Some(256 << 20));
        assert_eq!(parse("256 MiB", &SIZES), Some(256 << 20));
        assert_eq!(parse("0B", &SIZES), Some(0));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "5", "s", "-5s", "5 parsecs", "1.5h", "99999999999999999999s", "9999999999999999d"] {
            assert_eq!(parse(text, &DURATIONS), None, "{text}");
        }
    }
}
