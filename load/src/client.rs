//! One connection with one request at a time: as little work as HTTP/1.1 allows, since the generator shares
//! the machine with the server.

use std::io;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A keep-alive connection.
#[derive(Debug)]
pub(crate) struct Client {
    address: String,
    stream: TcpStream,
    held: Vec<u8>,
}

/// An answer, with its body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Index of the leaf, where the receipt names it.
    pub(crate) leaf: Option<u64>,
}

/// What the head of an answer says.
struct Head {
    status: u16,
    /// Length of the body; `None`: chunked.
    length: Option<usize>,
    /// The connection ends after it.
    close: bool,
    leaf: Option<u64>,
}

impl Client {
    pub(crate) async fn connect(address: &str) -> io::Result<Self> {
        Ok(Self {
            address: address.to_owned(),
            stream: open(address).await?,
            held: Vec::with_capacity(16 << 10),
        })
    }

    /// Sends a whole request and reads its answer; connects again first if the last one ended the connection.
    pub(crate) async fn send(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(request).await?;
        let head = loop {
            if let Some(end) = find(&self.held, b"\r\n\r\n") {
                break end + 4;
            }
            self.fill().await?;
        };
        let Head { status, length, close, leaf } = parse(&self.held[..head])?;
        let body = match length {
            Some(length) => {
                while self.held.len() < head + length {
                    self.fill().await?;
                }
                let body = self.held[head..head + length].to_vec();
                self.held.drain(..head + length);
                body
            }
            None => self.chunked(head).await?,
        };
        if close {
            self.stream = open(&self.address).await?;
            self.held.clear();
        }
        Ok(Answer { status, body, leaf })
    }

    async fn chunked(&mut self, head: usize) -> io::Result<Vec<u8>> {
        self.held.drain(..head);
        let mut body = Vec::new();
        loop {
            let end = loop {
                if let Some(end) = find(&self.held, b"\r\n") {
                    break end;
                }
                self.fill().await?;
            };
            let text = std::str::from_utf8(&self.held[..end]).map_err(io::Error::other)?;
            let length = usize::from_str_radix(text.trim(), 16).map_err(io::Error::other)?;
            while self.held.len() < end + 2 + length + 2 {
                self.fill().await?;
            }
            body.extend_from_slice(&self.held[end + 2..end + 2 + length]);
            self.held.drain(..end + 2 + length + 2);
            if length == 0 {
                return Ok(body);
            }
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.held).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

async fn open(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn parse(head: &[u8]) -> io::Result<Head> {
    let head = std::str::from_utf8(head).map_err(io::Error::other)?;
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("no status line"))?;
    let mut parsed = Head { status, length: Some(0), close: false, leaf: None };
    for line in head.lines().skip(1) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            parsed.length = Some(value.parse().map_err(io::Error::other)?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            parsed.length = None;
        } else if name.eq_ignore_ascii_case("connection") {
            parsed.close = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("strongroom-receipt") {
            parsed.leaf = value.rsplit_once("index=").and_then(|(_, index)| index.parse().ok());
        }
    }
    Ok(parsed)
}
