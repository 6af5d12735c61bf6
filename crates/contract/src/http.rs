//! A tiny HTTP server for the tests of adapters that ask over HTTP: one handler for all requests, and the ways in which
//! an answer can fail to come.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

/// A request as a handler sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// As it stands in the request line.
    pub method: String,
    /// Path and query as they stand in the request line.
    pub path: String,
    /// As it came; empty when there was none.
    pub content_type: String,
    /// All headers as they came, in lower case, a line each.
    pub headers: Vec<String>,
    /// As many bytes as the request announced.
    pub body: Vec<u8>,
}

/// What a handler wants done.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Status, further header lines, body.
    Answer(u16, &'static str, Vec<u8>),
    /// Nothing: the connection stays open until the client ends it.
    Silence,
    /// A body without end.
    Endless,
    /// A body of which a byte comes now and then, without end.
    Drip,
    /// These bytes, head and all, and the end of the connection.
    Raw(String),
    /// These bytes, head and all, and then nothing more.
    Stuck(String),
}

impl Reply {
    /// Status 200 with a body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Answer(200, "", body.into())
    }
}

/// Serves `handler` for the rest of the process; returns `http://127.0.0.1:port`.
pub fn serve(handler: impl Fn(Request) -> Reply + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let handler = Arc::new(handler);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let handler = Arc::clone(&handler);
            thread::spawn(move || answer(stream, &*handler));
        }
    });
    base
}

/// An error says that the client is gone, which is its right.
fn answer(stream: TcpStream, handler: &dyn Fn(Request) -> Reply) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let (mut length, mut content_type, mut headers) = (0, String::new(), Vec::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(':') else { break };
        headers.push(header.trim().to_ascii_lowercase());
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "content-type" => value.trim().clone_into(&mut content_type),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    match handler(Request { method, path, content_type, headers, body }) {
        Reply::Answer(status, headers, body) => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n"
            )
            .ok()?;
            stream.write_all(&body).ok()
        }
        Reply::Silence => reader.read_to_end(&mut Vec::new()).ok().map(drop),
        Reply::Endless => {
            write!(stream, "HTTP/1.1 200 X\r\nconnection: close\r\n\r\n").ok()?;
            while stream.write_all(&[b'x'; 4_096]).is_ok() {}
            Some(())
        }
        Reply::Drip => {
            write!(stream, "HTTP/1.1 200 X\r\nconnection: close\r\n\r\n").ok()?;
            while stream.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(5));
            }
            Some(())
        }
        Reply::Raw(text) => stream.write_all(text.as_bytes()).ok(),
        Reply::Stuck(text) => {
            stream.write_all(text.as_bytes()).ok()?;
            reader.read_to_end(&mut Vec::new()).ok().map(drop)
        }
    }
}
