//! The paste site's API as far as hashes are published there: one POST to paste, one GET to read again.
//!
//! `POST /api/api_post.php` with a form answers the paste's address; `GET /raw/<id>` its text. Errors are texts that
//! begin with `Bad API request`, with status 422. Two keys misbehave: `limit` and `500`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::http::{Answer, Request};

/// All pastes of one start, kept in memory.
#[derive(Debug)]
pub struct Site {
    port: u16,
    pastes: Mutex<Vec<String>>,
}

impl Site {
    /// An empty site.
    #[must_use]
    pub fn new(port: u16) -> Self {
        Self { port, pastes: Mutex::default() }
    }

    /// Answers one request.
    pub fn answer(&self, request: &Request) -> Answer {
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/api/api_post.php") => self.paste(&form(&request.body)),
            ("GET", path) => self.read(path),
            _ => Answer::text(404, "not found"),
        }
    }

    fn paste(&self, form: &BTreeMap<String, String>) -> Answer {
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        match field("api_dev_key") {
            "" => return Answer::text(422, "Bad API request, invalid api_dev_key"),
            "limit" => return Answer::text(422, "Bad API request, maximum pastes per 24h reached"),
            "500" => return Answer::text(500, "out of order"),
            _ => {}
        }
        if field("api_option") != "paste" {
            return Answer::text(422, "Bad API request, invalid api_option");
        }
        if field("api_paste_code").is_empty() {
            return Answer::text(422, "Bad API request, api_paste_code was empty");
        }
        let mut pastes = self.pastes.lock().unwrap_or_else(PoisonError::into_inner);
        pastes.push(field("api_paste_code").to_owned());
        Answer::text(200, &format!("http://127.0.0.1:{}/p{}", self.port, pastes.len() - 1))
    }

    fn read(&self, path: &str) -> Answer {
        let number = path.strip_prefix("/raw/p").and_then(|number| number.parse::<usize>().ok());
        let pastes = self.pastes.lock().unwrap_or_else(PoisonError::into_inner);
        match number.and_then(|number| pastes.get(number)) {
            Some(text) => Answer::text(200, text),
            None => Answer::text(404, "not found"),
        }
    }
}

/// Reads `application/x-www-form-urlencoded`.
fn form(body: &[u8]) -> BTreeMap<String, String> {
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let read = |pair: &[u8]| {
        let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &b""[..]),
        };
        (decode(name), decode(value))
    };
    pairs.map(read).collect()
}

fn decode(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = hex.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (escaped, first) {
            (Some(byte), _) => {
                bytes.push(byte);
                rest = &more[2..];
                continue;
            }
            (None, b'+') => bytes.push(b' '),
            (None, byte) => bytes.push(*byte),
        }
        rest = more;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str, body: &str) -> Request {
        let body = body.as_bytes().to_vec();
        Request { method: method.to_owned(), path: path.to_owned(), headers: BTreeMap::new(), body }
    }

    fn reply(answer: Answer) -> (u16, String) {
        match answer {
            Answer::Reply(status, _, body) => (status, String::from_utf8(body).expect("answers are text")),
            Answer::Silence => (0, String::new()),
        }
    }

    #[test]
    fn a_paste_reads_back_as_it_was_sent() {
        let site = Site::new(1);
        let body = "api_paste_code=sha512%3Aab+c%&api_option=paste&api_dev_key=k";
        let (status, address) = reply(site.answer(&request("POST", "/api/api_post.php", body)));
        assert_eq!((status, address.as_str()), (200, "http://127.0.0.1:1/p0"));
        assert_eq!(reply(site.answer(&request("GET", "/raw/p0", ""))), (200, "sha512:ab c%".to_owned()));
        assert_eq!(reply(site.answer(&request("GET", "/raw/p1", ""))).0, 404);
    }

    #[test]
    fn a_paste_without_key_or_text_is_refused() {
        let site = Site::new(1);
        for body in ["api_paste_code=x&api_option=paste", "api_dev_key=k&api_option=paste", "api_dev_key=k"] {
            assert_eq!(reply(site.answer(&request("POST", "/api/api_post.php", body))).0, 422, "{body}");
        }
    }
}
