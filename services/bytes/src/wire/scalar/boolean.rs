//! Booleans of the query string.

const TRUE: [&str; 6] = ["1", "true", "t", "yes", "y", "on"];
const FALSE: [&str; 6] = ["0", "false", "f", "no", "n", "off"];

/// Reads `1 true t yes y on` and `0 false f no n off` in any case; `None` for anything else, the empty text included.
pub fn parse_boolean(text: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 6]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_one_of(TRUE) { Some(true) } else { is_one_of(FALSE).then_some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_known_in_any_case() {
        for text in ["1", "true", "T", "Yes", "y", "ON"] {
            assert_eq!(parse_boolean(text), Some(true), "{text}");
        }
        for text in ["0", "FALSE", "f", "No", "N", "off"] {
            assert_eq!(parse_boolean(text), Some(false), "{text}");
        }
        for text in ["", " 1", "2", "tru", "01", "yes "] {
            assert_eq!(parse_boolean(text), None, "{text}");
        }
    }
}
