//! What an authority answers: a status, and with luck a token (RFC 3161 §2.4.2).

use der::{Any, Decode, Encode, asn1::BitString};

use super::{
    error::{TokenError, malformed},
    structures::{PkiStatusInfo, TimeStampResp},
};

/// Names of the reasons an authority may give, by their bit.
const REASONS: [(usize, &str); 8] = [
    (0, "badAlg"),
    (2, "badRequest"),
    (5, "badDataFormat"),
    (TIME_NOT_AVAILABLE, "timeNotAvailable"),
    (15, "unacceptedPolicy"),
    (16, "unacceptedExtension"),
    (17, "addInfoNotAvailable"),
    (SYSTEM_FAILURE, "systemFailure"),
];
const TIME_NOT_AVAILABLE: usize = 14;
const SYSTEM_FAILURE: usize = 25;
/// How much of the authority's own words an error repeats, in characters.
const WORDS: usize = 200;

/// The token of an answer, in DER and byte for byte as it came. It is not verified.
///
/// # Errors
/// `Declined` when the status is neither granted nor granted with modifications; `Malformed`, `Broken`.
pub fn read_answer(answer: &[u8]) -> Result<Vec<u8>, TokenError> {
    let answer = TimeStampResp::from_der(answer).map_err(malformed("the answer"))?;
    if answer.status.status > 1 {
        return Err(declined(&answer.status));
    }
    let token =
        answer.time_stamp_token.ok_or(TokenError::Broken("the answer grants a token and has none"))?;
    token.to_der().map_err(malformed("the token"))
}

fn declined(info: &PkiStatusInfo) -> TokenError {
    let set = |bit: usize| {
        let bits = info.fail_info.as_ref().map(BitString::raw_bytes).unwrap_or_default();
        bits.get(bit / 8).is_some_and(|byte| byte & (0x80 >> (bit % 8)) != 0)
    };
    let mut reasons: Vec<String> =
        REASONS.iter().filter(|(bit, _)| set(*bit)).map(|(_, name)| (*name).to_owned()).collect();
    reasons.extend(info.status_string.iter().flatten().filter_map(words));
    if reasons.is_empty() {
        reasons.push("it gives no reason".to_owned());
    }
    let passing = set(TIME_NOT_AVAILABLE) || set(SYSTEM_FAILURE);
    TokenError::Declined { status: info.status, reason: reasons.join(", "), passing }
}

/// The authority's words, short and on one line.
fn words(text: &Any) -> Option<String> {
    let text = std::str::from_utf8(text.value()).ok()?;
    Some(text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(WORDS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declined(answer: &[u8]) -> (u32, String, bool) {
        match read_answer(answer).expect_err("declined") {
            TokenError::Declined { status, reason, passing } => (status, reason, passing),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_refusal_names_its_reasons_on_one_line() {
        // status 2, text "no\n", failInfo badAlg
        let answer = [0x30, 0x10, 0x30, 0x0e, 2, 1, 2, 0x30, 5, 0x0c, 3, b'n', b'o', b'\n', 3, 2, 7, 0x80];
        assert_eq!(declined(&answer), (2, "badAlg, no ".to_owned(), false));
    }

    #[test]
    fn an_authority_without_a_clock_may_have_one_later() {
        // status 2, failInfo timeNotAvailable
        assert_eq!(
            declined(&[0x30, 0x0a, 0x30, 8, 2, 1, 2, 3, 3, 1, 0, 2]),
            (2, "timeNotAvailable".to_owned(), true)
        );
        assert_eq!(declined(&[0x30, 5, 0x30, 3, 2, 1, 3]), (3, "it gives no reason".to_owned(), false));
    }

    #[test]
    fn a_granted_answer_has_a_token() {
        let error = read_answer(&[0x30, 5, 0x30, 3, 2, 1, 0]).expect_err("no token");
        assert!(matches!(error, TokenError::Broken(_)), "{error}");
        assert_eq!(read_answer(&[0x30, 7, 0x30, 3, 2, 1, 1, 0x30, 0]).expect("a token"), [0x30, 0]);
    }

    #[test]
    fn garbage_cannot_be_read() {
        for garbage in [&b""[..], b"<html>", &[0x30], &[0x30, 0x80, 0, 0], &[0x30, 5, 0x30, 3, 2, 1, 0, 0]] {
            assert!(matches!(read_answer(garbage), Err(TokenError::Malformed(..))), "{garbage:02x?}");
        }
    }
}
