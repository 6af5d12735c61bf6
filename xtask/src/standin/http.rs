//! As much HTTP/1.1 as the stand-ins need: one request per connection, bodies with a known length.
//!
//! Not the product's server, and not hardened: it meets only our own tests.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::failure::{Doing, Outcome};

/// Longest head and body we read.
const LIMIT: u64 = 1 << 20;
/// Longest wait for a peer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request that was read whole.
#[derive(Debug)]
pub struct Request {
    /// In capitals, as sent.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// By lower-case name; of repeated ones the last.
    pub headers: BTreeMap<String, String>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// What to answer.
#[derive(Debug)]
pub enum Answer {
    /// Status, content type and body.
    Reply(u16, &'static str, Vec<u8>),
    /// Nothing, for as long as the peer is patient.
    Silence,
}

impl Answer {
    /// A short text.
    #[must_use]
    pub fn text(status: u16, text: &str) -> Self {
        Self::Reply(status, "text/plain; charset=utf-8", text.as_bytes().to_vec())
    }
}

/// Answers connections for ever, each on its own thread.
///
/// # Errors
/// When the listener fails.
pub fn serve(listener: &TcpListener, answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Outcome {
    let answer = Arc::new(answer);
    for stream in listener.incoming() {
        let stream = stream.doing("accept a connection")?;
        let answer = Arc::clone(&answer);
        // A peer that went away is no concern of the others.
        thread::spawn(move || serve_one(&stream, &*answer).ok());
    }
    Ok(())
}

fn serve_one(stream: &TcpStream, answer: &dyn Fn(&Request) -> Answer) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let Some(request) = read_request(&mut BufReader::new(stream))? else { return Ok(()) };
    let mut out = stream;
    match answer(&request) {
        Answer::Reply(status, kind, body) => {
            let length = body.len();
            let head = format!("HTTP/1.1 {status} -\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n");
            out.write_all(head.as_bytes())?;
            out.write_all(b"connection: close\r\n\r\n")?;
            out.write_all(&body)
        }
        Answer::Silence => {
            stream.set_read_timeout(None)?;
            out.read(&mut [0; 1]).map(drop) // ends when the peer hangs up
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut reader = reader.take(LIMIT);
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None); // somebody only looked whether we listen
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    if (body.len() as u64) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(Request { method, path, headers, body }))
}

/// The status with which `port` of 127.0.0.1 answers a GET.
///
/// # Errors
/// When nobody answers with HTTP.
pub fn get(port: u16, path: &str, headers: &[(&str, &str)]) -> io::Result<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    stream.write_all(request.as_bytes())?;
    stream.write_all(b"\r\n")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let code = line.split_whitespace().nth(1).and_then(|code| code.parse().ok());
    code.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_with_its_body() {
        let bytes = b"POST /a/b?c=d HTTP/1.1\r\nContent-Length: 3\r\nX-Y: z\r\n\r\nabcdef";
        let request = read_request(&mut &bytes[..]).expect("it is whole").expect("it is there");
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/a/b"));
        assert_eq!(request.headers["x-y"], "z");
        assert_eq!(request.body, b"abc");
    }

    #[test]
    fn a_body_cut_short_is_no_request() {
        let bytes = b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nabc";
        assert!(read_request(&mut &bytes[..]).is_err());
        assert!(read_request(&mut &b""[..]).expect("an end is no error").is_none());
    }
}
