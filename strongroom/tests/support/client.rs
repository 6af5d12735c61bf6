//! A client as OpenKAT's are: HTTP/1.1 on kept connections, login, metadata, raw files.

use std::{
    fmt::Write as _,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::server::{PASSWORD, USERNAME};

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// The answer, which must be a success.
    pub(crate) fn success(self) -> Self {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text());
        self
    }
}

/// One kept connection to one listener.
pub(crate) struct Client {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
    token: Option<String>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, connection: None, token: None }
    }

    /// A client that is logged in.
    pub(crate) fn logged_in(address: SocketAddr) -> io::Result<Self> {
        let mut client = Self::new(address);
        let form = format!("grant_type=password&username={USERNAME}&password={}", PASSWORD.replace(' ', "+"));
        let typed = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = client.ask("POST", "/token", &typed, form.as_bytes())?;
        if answer.status != 200 {
            return Err(io::Error::other(answer.text()));
        }
        client.token = answer.json()["access_token"].as_str().map(str::to_owned);
        Ok(client)
    }

    pub(crate) fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// The token it logged in for.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.ask("GET", path, &[], b"")
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> io::Result<Answer> {
        self.ask("POST", path, &[], body.to_string().as_bytes())
    }

    /// Saves a scan job.
    pub(crate) fn save_job(&mut self, id: &str) -> io::Result<Answer> {
        self.post("/bytes/boefje_meta", &job(id))
    }

    /// Saves a scan job that scanned `input`.
    pub(crate) fn save_job_about(&mut self, id: &str, input: &str) -> io::Result<Answer> {
        let mut job = job(id);
        job["input_ooi"] = input.into();
        job["arguments"] = json!({"input": {"name": input}});
        self.post("/bytes/boefje_meta", &job)
    }

    /// Saves a scan job under an idempotency key.
    pub(crate) fn save_job_once(&mut self, id: &str, key: &str) -> io::Result<Answer> {
        let headers = [("Idempotency-Key", key)];
        self.ask("POST", "/bytes/boefje_meta", &headers, job(id).to_string().as_bytes())
    }

    /// Uploads one raw file of a job; answers with its id.
    pub(crate) fn upload(&mut self, job: &str, content: &[u8]) -> io::Result<Option<String>> {
        let file = json!({"name": "0", "content": BASE64_STANDARD.encode(content), "tags": ["boefje/x"]});
        let path = format!("/bytes/raw?boefje_meta_id={job}");
        let answer = self.post(&path, &json!({"status": "COMPLETED", "files": [file]}))?;
        Ok((answer.status == 200).then(|| answer.json()["0"].as_str().unwrap().to_owned()))
    }

    /// The content of a raw file.
    pub(crate) fn raw(&mut self, id: &str) -> io::Result<Answer> {
        self.get(&format!("/bytes/raw/{id}"))
    }

    fn connect(&self) -> io::Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        Ok(BufReader::new(stream))
    }

    /// One request and its answer.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n",
            self.address,
            body.len()
        );
        if let Some(token) = &self.token {
            let _ = write!(head, "Authorization: Bearer {token}\r\n");
        }
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        let mut connection = self.connection.take().map_or_else(|| self.connect(), Ok)?;
        let request = [head.as_bytes(), body].concat();
        connection.get_mut().write_all(&request)?;
        let answer = read_answer(&mut connection)?;
        if answer.header("connection") != Some("close") {
            self.connection = Some(connection);
        }
        Ok(answer)
    }
}

pub(crate) fn job(id: &str) -> Value {
    json!({
        "id": id,
        "started_at": "2025-03-04T10:20:30Z", "ended_at": "2025-03-04T10:20:41.500000Z",
        "boefje": {"id": "ssl-version", "version": "0.4"},
        "input_ooi": "Hostname|internet|shop.example",
        "arguments": {"input": {"name": "shop.example"}},
        "organization": "acme",
    })
}

/// The `n`th id of client number `who`.
pub(crate) fn id(who: u32, n: u64) -> String {
    format!("{who:08x}-0000-4000-8000-{n:012x}")
}

fn read_line(connection: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if connection.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

fn read_answer(connection: &mut BufReader<TcpStream>) -> io::Result<Answer> {
    let first = read_line(connection)?;
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no status line: {first}")))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(connection)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    if let Some(length) = answer.header("content-length") {
        answer.body = vec![0; length.parse().map_err(io::Error::other)?];
        connection.read_exact(&mut answer.body)?;
    } else if answer.header("transfer-encoding") == Some("chunked") {
        loop {
            let length = usize::from_str_radix(&read_line(connection)?, 16).map_err(io::Error::other)?;
            let from = answer.body.len();
            answer.body.resize(from + length, 0);
            connection.read_exact(&mut answer.body[from..])?;
            read_line(connection)?;
            if length == 0 {
                break;
            }
        }
    }
    Ok(answer)
}
