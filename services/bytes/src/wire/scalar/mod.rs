//! Single values as the original's framework (pydantic 2.12) accepts them, and dates as it prints them.
//!
//! Plain functions from text to value; which field they belong to is the business of [`super::query`] and
//! [`super::fields`].

mod boolean;
mod instant;
mod integer;

pub use boolean::parse_boolean;
pub use instant::{InstantError, Number, instant_from_number, parse_instant, push_instant};
pub use integer::{IntegerError, parse_integer};
use uuid::Uuid;

/// Reads a UUID: hyphenated, 32 digits, `{hyphenated}` or `urn:uuid:hyphenated` (this prefix in lower case only).
///
/// Digits may have any case; blanks around are not accepted. `None` for anything else.
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    let is_foreign_prefix = text.len() == 45 && !text.starts_with("urn:uuid:");
    if is_foreign_prefix { None } else { Uuid::try_parse(text).ok() }
}

/// Appends a UUID in lower case with hyphens.
pub fn push_uuid(out: &mut String, uuid: &Uuid) {
    out.push_str(uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_forms_of_a_uuid_are_accepted() {
        let plain = "0b8a4d5e-8e0c-4e0b-9d55-5d0e2b0a9f77";
        let simple = plain.replace('-', "");
        for text in [
            plain.to_owned(),
            plain.to_uppercase(),
            simple.clone(),
            simple.to_uppercase(),
            format!("{{{plain}}}"),
            format!("urn:uuid:{plain}"),
        ] {
            let mut out = String::new();
            push_uuid(&mut out, &parse_uuid(&text).expect(&text));
            assert_eq!(out, plain);
        }
    }

    #[test]
    fn other_forms_of_a_uuid_are_refused() {
        let plain = "0b8a4d5e-8e0c-4e0b-9d55-5d0e2b0a9f77";
        for text in [
            String::new(),
            format!(" {plain}"),
            format!("{plain} "),
            format!("URN:UUID:{plain}"),
            format!("urn:uuid:{}", plain.replace('-', "")),
            format!("{{{}}}", plain.replace('-', "")),
            format!("{{{plain}"),
            plain.replace('b', "g"),
            plain[1..].to_owned(),
            plain.replace('-', "_"),
        ] {
            assert_eq!(parse_uuid(&text), None, "{text}");
        }
    }
}
