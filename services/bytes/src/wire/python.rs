//! How Python spells floats and strings, where the original's answers and hashes contain that spelling.
//!
//! Not a JSON writer: that is [`super::json`], which takes its float spelling from here.

use std::fmt::Write as _;

/// The shortest text that reads back as `value`, laid out as Python's `repr` does it.
///
/// There is always a fraction (`1.0`) or an exponent of at least two digits (`1e-06`, `1e+16`); exponents start below
/// 10⁻⁴ and at 10¹⁶. Not-a-number and infinities give `nan`, `inf` and `-inf`.
pub fn float_repr(value: f64) -> String {
    if !value.is_finite() {
        let text = if value.is_nan() { "nan" } else { ["inf", "-inf"][usize::from(value < 0.0)] };
        return text.to_owned();
    }
    let scientific = shortest(value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    format!("{sign}{}", lay_out(&digits, exponent))
}

/// The fewest digits that read back as `value`, and of those the nearest to it; half-way the even one.
///
/// Rust's own shortest form takes any of the fewest, and half-way the upper one: 0.3 % of all floats of some 10¹³ differ.
fn shortest(value: f64) -> String {
    let any = format!("{value:e}");
    let mantissa = any.split('e').next().unwrap_or_default();
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let nearest = format!("{value:.*e}", digits.saturating_sub(1));
    // Just above a power of two the nearest one may already belong to the float below.
    if nearest.parse() == Ok(value) { nearest } else { any }
}

/// Places the point or the exponent: `digits` is `d₀d₁d₂…`, standing for `d₀.d₁d₂… × 10^exponent`.
fn lay_out(digits: &str, exponent: i32) -> String {
    match exponent {
        0..16 => {
            let whole = usize::try_from(exponent).expect("the arm holds no negative exponent") + 1;
            if digits.len() <= whole {
                format!("{digits:0<whole$}.0")
            } else {
                format!("{}.{}", &digits[..whole], &digits[whole..])
            }
        }
        -4..0 => {
            let zeros = usize::try_from(-exponent - 1).expect("the arm holds only negative exponents");
            format!("0.{:0<zeros$}{digits}", "")
        }
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{first}{point}{rest}e{sign}{:02}", exponent.unsigned_abs())
        }
    }
}

/// Appends `text` as Python's `repr` of a string: single quotes unless only single quotes occur inside.
pub fn push_str_repr(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            other if other == quote => out.extend(['\\', other]),
            other if other.is_control() => {
                let _infallible = write!(out, "\\x{:02x}", u32::from(other));
            }
            other => out.push(other),
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_spelled_as_python_spells_them() {
        let check = |value: f64, text: &str| assert_eq!(float_repr(value), text, "{value:e}");
        check(0.0, "0.0");
        check(-0.0, "-0.0");
        check(1.0, "1.0");
        check(-12.5, "-12.5");
        check(0.1, "0.1");
        check(0.0001, "0.0001");
        check(0.000_123, "0.000123");
        check(0.000_01, "1e-05");
        check(1e-6, "1e-06");
        check(1e15, "1000000000000000.0");
        check(123_456_789_012_345_680.0, "1.2345678901234568e+17");
        check(1e16, "1e+16");
        check(1e100, "1e+100");
        check(5e-324, "5e-324");
        check(f64::MAX, "1.7976931348623157e+308");
        check(1_706_933_106.123_456, "1706933106.123456");
        // Half-way between two shortest forms: the even one.
        check(-205_731_176_267_992.0 - 0.125, "-205731176267992.12");
        check(278_756_817_569_220.0 + 0.125, "278756817569220.12");
        check(151_771_000_534.0 + 0.265_625, "151771000534.26562");
        // Next to powers of two.
        check(9_007_199_254_740_992.0, "9007199254740992.0");
        check(9.536_743_164_062_5e-7, "9.5367431640625e-07");
        check(2_f64.powi(-1074 + 52), "2.2250738585072014e-308");
        check(2_f64.powi(89), "6.189700196426902e+26");
        check(f64::INFINITY, "inf");
        check(f64::NEG_INFINITY, "-inf");
        check(f64::NAN, "nan");
    }

    #[test]
    fn strings_are_quoted_as_python_quotes_them() {
        let check = |text: &str, expected: &str| {
            let mut out = String::new();
            push_str_repr(&mut out, text);
            assert_eq!(out, expected);
        };
        check("plain", "'plain'");
        check("it's", "\"it's\"");
        check("it's \"both\"", "'it\\'s \"both\"'");
        check("a\\b\n\u{1}", "'a\\\\b\\n\\x01'");
    }

    proptest::proptest! {
        #[test]
        fn a_spelled_float_reads_back_as_itself(bits in proptest::num::u64::ANY) {
            let value = f64::from_bits(bits);
            if value.is_finite() {
                let text = float_repr(value);
                proptest::prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits);
                proptest::prop_assert!(text.contains('.') || text.contains('e'));
            }
        }
    }
}
