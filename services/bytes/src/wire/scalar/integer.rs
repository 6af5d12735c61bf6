//! Integers of the query string.

/// Why a text is no usable integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IntegerError {
    /// Not the decimal form of a whole number.
    #[error("not a whole number")]
    NotAnInteger,
    /// A whole number beyond 64 bits.
    #[error("a whole number beyond 64 bits")]
    OutOfRange,
}

/// Reads a decimal whole number as the original does.
///
/// Accepted besides plain digits: blanks around, one sign, leading zeros, single underscores between digits (`1_0` is
/// ten; among leading zeros any number of them), and a fraction of zeros (`1.0`). Not accepted: `1.`, `1e0`, `0x1`,
/// the empty text.
///
/// # Errors
/// [`IntegerError::NotAnInteger`], or [`IntegerError::OutOfRange`] beyond 64 bits.
pub fn parse_integer(text: &str) -> Result<i64, IntegerError> {
    let text = text.trim();
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let digits = significant(without_zero_fraction(unsigned)).ok_or(IntegerError::NotAnInteger)?;
    // The sign goes along: the smallest number has no positive counterpart.
    let sign = if negative { "-" } else { "" };
    let digits: String = sign.chars().chain(digits.chars().filter(|digit| *digit != '_')).collect();
    digits.parse().map_err(|_| IntegerError::OutOfRange)
}

/// Drops a point that is followed by zeros only, at least one, and preceded by a digit.
fn without_zero_fraction(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, zeros))
            if whole.ends_with(|last: char| last.is_ascii_digit())
                && !zeros.is_empty()
                && zeros.bytes().all(|zero| zero == b'0') =>
        {
            whole
        }
        _ => text,
    }
}

/// The digits after leading zeros, checked; `None` when the text is no number.
fn significant(text: &str) -> Option<&str> {
    if !text.starts_with(|first: char| first.is_ascii_digit()) || text.ends_with('_') {
        return None;
    }
    let digits = if text.starts_with('0') { text.trim_start_matches(['0', '_']) } else { text };
    let well_formed =
        digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') && !digits.contains("__");
    match digits {
        "" => Some("0"),
        _ => well_formed.then_some(digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn liberal_forms_are_accepted() {
        for (text, expected) in [
            ("1", 1),
            ("1.0", 1),
            ("+1", 1),
            ("01", 1),
            ("1_0", 10),
            (" 1 ", 1),
            ("1\n", 1),
            ("\u{a0}1", 1),
            ("-1", -1),
            ("-0", 0),
            ("+0", 0),
            ("0.0", 0),
            ("00", 0),
            ("0_0", 0),
            ("0__1", 1),
            ("0_1_0", 10),
            ("-01", -1),
            ("+01.0", 1),
            ("1_000.000", 1000),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("00000000000000000000000000000005", 5),
        ] {
            assert_eq!(parse_integer(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "", " ", "abc", "1.", "1e0", "0x1", "1.01", "1__0", "_1", "1_", "0_", "_0", "1_.0", "0_.0",
            "1.0_0", "+-1", "--1", "+ 1", "1 0", ".0", "-.0", "-", "+", "+_1", "-_1", "0__", "1\u{1c}",
            "\u{ff11}", "1.0.0", "1,0",
        ] {
            assert_eq!(parse_integer(text), Err(IntegerError::NotAnInteger), "{text}");
        }
    }

    #[test]
    fn numbers_beyond_64_bits_are_told_apart() {
        for text in ["9223372036854775808", "-9223372036854775809", &"9".repeat(5000)] {
            assert_eq!(parse_integer(text), Err(IntegerError::OutOfRange), "{text}");
        }
    }
}
