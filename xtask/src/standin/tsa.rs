//! A time-stamp authority (RFC 3161 over HTTP, §3.4) that lets `openssl ts` sign, and misbehaves on request.
//!
//! The path chooses: `/rsa` and `/ecdsa` sign honestly, `/withcerts` signs with certificates in the token although
//! nobody asked, `/reject` refuses every digest, `/replay` gives the first token of this start again, `/garbage`
//! is no DER, `/500` fails, `/hang` never answers. Keys and configuration are made by `crate::services::authority`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::http::{Answer, Request};
use crate::failure::{Doing, Outcome};
use crate::services::{process, write_file};

const REPLY: &str = "application/timestamp-reply";

/// One authority with its keys in a folder.
#[derive(Debug)]
pub struct Authority {
    home: PathBuf,
    /// `openssl ts` counts serial numbers in a file, so one at a time.
    signing: Mutex<()>,
    first: OnceLock<Vec<u8>>,
}

impl Authority {
    /// The authority whose keys and configuration are in `home`.
    #[must_use]
    pub fn new(home: &Path) -> Self {
        Self { home: home.to_owned(), signing: Mutex::default(), first: OnceLock::new() }
    }

    /// Answers one request.
    pub fn answer(&self, request: &Request) -> Answer {
        if request.method != "POST" {
            return Answer::text(405, "post a time-stamp query");
        }
        if request.headers.get("content-type").map(String::as_str) != Some("application/timestamp-query") {
            return Answer::text(415, "the content type is not application/timestamp-query");
        }
        match request.path.as_str() {
            "/rsa" | "/" => self.sign("rsa", &request.body),
            "/ecdsa" => self.sign("ecdsa", &request.body),
            "/reject" => self.sign("reject", &request.body),
            "/withcerts" => match asking_for_certificates(&request.body) {
                Some(query) => self.sign("rsa", &query),
                None => Answer::text(400, "not a time-stamp query"),
            },
            "/replay" => match self.first.get() {
                Some(token) => Answer::Reply(200, REPLY, token.clone()),
                None => self.sign("rsa", &request.body),
            },
            "/garbage" => Answer::Reply(200, REPLY, b"0\x82\xff\xffnot DER".to_vec()),
            "/500" => Answer::text(500, "out of order"),
            "/hang" => Answer::Silence,
            _ => Answer::text(404, "no such authority"),
        }
    }

    fn sign(&self, section: &str, query: &[u8]) -> Answer {
        let _one_at_a_time = self.signing.lock().unwrap_or_else(PoisonError::into_inner);
        match self.openssl(section, query) {
            Ok(reply) => {
                self.first.get_or_init(|| reply.clone());
                Answer::Reply(200, REPLY, reply)
            }
            Err(failure) => Answer::text(500, &failure.to_string()),
        }
    }

    fn openssl(&self, section: &str, query: &[u8]) -> Outcome<Vec<u8>> {
        let (question, reply) = (self.home.join("query.tsq"), self.home.join("reply.tsr"));
        write_file(&question, query)?;
        let mut command = Command::new("openssl");
        command.args(["ts", "-reply", "-section", section, "-config", "tsa.cnf"]).current_dir(&self.home);
        command.arg("-queryfile").arg(&question).arg("-out").arg(&reply);
        process::run(&mut command)?;
        fs::read(&reply).doing("read the reply")
    }
}

/// The same query with `certReq` true.
///
/// `TimeStampReq ::= SEQUENCE { version INTEGER, messageImprint SEQUENCE, reqPolicy OID?, nonce INTEGER?,
/// certReq BOOLEAN DEFAULT FALSE, extensions [0]? }` (RFC 3161 §2.4.1), so the BOOLEAN goes before any extensions.
fn asking_for_certificates(query: &[u8]) -> Option<Vec<u8>> {
    const SEQUENCE: u8 = 0x30;
    const BOOLEAN: u8 = 0x01;
    const EXTENSIONS: u8 = 0xa0;
    let (tag, content, _) = element(query)?;
    if tag != SEQUENCE {
        return None;
    }
    let (mut before, mut extensions, mut rest) = (Vec::new(), Vec::new(), content);
    while !rest.is_empty() {
        let (tag, _, after) = element(rest)?;
        let whole = &rest[..rest.len() - after.len()];
        match tag {
            BOOLEAN => {}
            EXTENSIONS => extensions.extend_from_slice(whole),
            _ => before.extend_from_slice(whole),
        }
        rest = after;
    }
    before.extend_from_slice(&[BOOLEAN, 1, 0xff]);
    before.extend(extensions);
    let mut query = vec![SEQUENCE];
    match u8::try_from(before.len()) {
        Ok(length) if length < 0x80 => query.push(length),
        Ok(length) => query.extend([0x81, length]),
        Err(_) => {
            query.push(0x82);
            query.extend(u16::try_from(before.len()).ok()?.to_be_bytes());
        }
    }
    query.extend(before);
    Some(query)
}

/// Splits the first DER element into tag, content and what follows; lengths of up to two bytes.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), &rest[2..]),
        _ => return None,
    };
    Some((tag, rest.get(..length)?, rest.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_asked_for_in_the_right_place() {
        let plain = [0x30, 6, 2, 1, 1, 0x30, 1, 7];
        let asking = [0x30, 9, 2, 1, 1, 0x30, 1, 7, 1, 1, 0xff];
        assert_eq!(asking_for_certificates(&plain).as_deref(), Some(&asking[..]));
        assert_eq!(asking_for_certificates(&asking).as_deref(), Some(&asking[..]));
        let extended = [0x30, 8, 2, 1, 1, 0x30, 1, 7, 0xa0, 0];
        let asking = [0x30, 11, 2, 1, 1, 0x30, 1, 7, 1, 1, 0xff, 0xa0, 0];
        assert_eq!(asking_for_certificates(&extended).as_deref(), Some(&asking[..]));
    }

    #[test]
    fn what_is_no_query_is_refused() {
        for bytes in [&b""[..], b"\x30", b"\x30\x05\x02", b"\x31\x00", b"\x30\x84\xff\xff\xff\xff"] {
            assert_eq!(asking_for_certificates(bytes), None, "{bytes:?}");
        }
    }
}
