//! The listener on a real socket: limits, malformed requests, a stop that finishes what is under way.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail them")]
#![expect(clippy::print_stdout, reason = "tests say when they are skipped")]

mod tls;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{StatusCode, header},
    routing::{get, post},
};
use strongroom_http::{Options, body, serve};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn start(router: Router, options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { drop(stopped.await) };
        let task = tokio::spawn(serve(listener, router, options, stopped));
        Self { address, stop: Some(stop), task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `request` and reads until the server closes.
    async fn talk(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        read_to_end(&mut stream).await
    }

    fn stop(&mut self) {
        drop(self.stop.take());
    }
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // a reset after the answer is a close too
    let _reset = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

fn router() -> Router {
    Router::new().route("/", get(|| async { "fine" })).route(
        "/length",
        post(|request: Request<Body>| async {
            match body::read(request.into_body(), 1_000).await {
                Ok(Some(body)) => body.len().to_string(),
                Ok(None) => "too long".to_owned(),
                Err(error) => error.to_string(),
            }
        }),
    )
}

fn quick() -> Options {
    let soon = Duration::from_millis(100);
    Options { head_timeout: soon, body_timeout: soon, ..Options::default() }
}

#[tokio::test]
async fn a_request_with_two_lengths_is_the_last_of_its_connection() {
    let server = Server::start(router(), Options::default()).await;
    let answer = server
        .talk(concat!(
            "POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 44\r\nTransfer-Encoding: chunked\r\n\r\n",
            "3\r\nabc\r\n0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: smuggled\r\n\r\n"
        ))
        .await;
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    assert!(answer.ends_with("\r\n\r\n3"), "{answer}");
}

#[tokio::test]
async fn malformed_heads_are_400_and_the_end_of_the_connection() {
    let server = Server::start(router(), Options::default()).await;
    for head in [
        "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        "GET / HTTP/1.1\r\nHo st: x\r\n\r\n",
        "\u{1}\u{2}\u{3}\r\n\r\n",
    ] {
        let answer = server.talk(head).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{head:?}: {answer}");
    }
}

#[tokio::test]
async fn heads_over_the_limits_are_refused_and_long_ones_within_are_not() {
    let server = Server::start(router(), Options::default()).await;
    let long = |length: usize| {
        format!("GET /?{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "q".repeat(length))
    };
    assert!(server.talk(&long(65_000)).await.starts_with("HTTP/1.1 200"));
    assert!(server.talk(&long(70_000)).await.starts_with("HTTP/1.1 414"));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(101));
    assert!(server.talk(&many).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn whoever_does_not_go_on_is_given_up() {
    let server = Server::start(router(), quick()).await;
    // neither a head that is begun, nor an idle connection, nor a body that stops is waited for
    server.talk("GET / HTTP/1.1\r\nHost:").await;
    server.talk("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let answer = server.talk("POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc").await;
    assert!(answer.contains("the body is cut short"), "{answer}");
}

#[tokio::test]
async fn a_client_that_is_refused_early_gets_its_answer_while_it_still_sends() {
    let refuse = post(|| async { (axum::http::StatusCode::UNAUTHORIZED, "no token") });
    let server = Server::start(Router::new().route("/", refuse), Options::default()).await;
    let mut stream = server.connect().await;
    let body = vec![b'x'; 8 << 20];
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 401") && answer.ends_with("no token"), "{answer}");
}

/// What comes back for a body of `length` bytes that nobody reads, with a second request behind it.
async fn refused_unread(length: usize, header: &str) -> String {
    let refuse = post(|| async { (axum::http::StatusCode::UNAUTHORIZED, "no token") });
    let server = Server::start(Router::new().route("/", refuse), quick()).await;
    let body = "x".repeat(length);
    let first = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{header}\r\n{body}");
    server.talk(&format!("{first}GET /next HTTP/1.1\r\nHost: x\r\n\r\n")).await
}

#[tokio::test]
async fn a_connection_is_used_on_after_a_short_body_that_nobody_read() {
    let answer = refused_unread(60_000, "").await;
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("HTTP/1.1 404"), "{answer}");
    assert!(!answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn an_answer_before_the_end_of_a_long_body_says_that_it_is_the_last() {
    for (length, header) in [(70_000, ""), (10, "Expect: 100-continue\r\n")] {
        let answer = refused_unread(length, header).await;
        assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("connection: close"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    }
    let server = Server::start(router(), Options::default()).await;
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let head = "POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = server.talk(&format!("{head}{}0\r\n\r\n", chunk.repeat(20))).await;
    assert!(answer.ends_with("too long") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn who_is_turned_away_is_not_listened_to_before_he_was_told_to_come_back() {
    let refuse = post(|| async { (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], "later") });
    let mut server = Server::start(Router::new().route("/", refuse), Options::default()).await;
    let mut stream = server.connect().await;
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n";
    let begun = Instant::now();
    stream.write_all(format!("{head}\r\nbody").as_bytes()).await.unwrap();
    // he is told at once, with his body thrown away and the connection kept
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 503");
    stream.write_all(format!("{head}Connection: close\r\n\r\nbody").as_bytes()).await.unwrap();
    let rest = read_to_end(&mut stream).await;
    assert!(begun.elapsed() >= Duration::from_secs(1), "{rest}");
    assert!(rest.contains("HTTP/1.1 503") && rest.ends_with("later"), "{rest}");
    // a stop does not wait for who rests
    let mut stream = server.connect().await;
    stream.write_all(format!("{head}\r\nbody").as_bytes()).await.unwrap();
    stream.read_exact(&mut answer).await.unwrap();
    server.stop();
    read_to_end(&mut stream).await;
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_a_place() {
    let options = Options { max_connections: 1, ..Options::default() };
    let server = Server::start(router(), options).await;
    let mut first = server.connect().await;
    first.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut taken = [0; 15];
    first.read_exact(&mut taken).await.unwrap();
    let second = server.talk("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let mut second = std::pin::pin!(second);
    let early = tokio::time::timeout(Duration::from_millis(50), second.as_mut()).await;
    assert!(early.is_err(), "the second has no place yet");
    drop(first);
    assert!(second.await.ends_with("fine"));
}

#[tokio::test]
async fn a_stop_lets_what_is_under_way_finish_and_accepts_nothing_new() {
    let (begun, mut begins) = mpsc::channel::<oneshot::Sender<()>>(1);
    let slow = get(move || {
        let begun = begun.clone();
        async move {
            let (go_on, goes_on) = oneshot::channel();
            begun.send(go_on).await.unwrap();
            goes_on.await.unwrap();
            "done"
        }
    });
    let mut server = Server::start(Router::new().route("/", slow), Options::default()).await;
    let mut client = server.connect().await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let go_on = begins.recv().await.unwrap();
    server.stop();
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    go_on.send(()).unwrap();
    let answer = read_to_end(&mut client).await;
    assert!(answer.ends_with("done"), "{answer}");
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_for_the_rest_of_a_head() {
    let options = Options { head_timeout: Duration::from_mins(10), ..Options::default() };
    let mut server = Server::start(router(), options).await;
    let mut used = server.connect().await;
    used.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut taken = [0; 15];
    used.read_exact(&mut taken).await.unwrap();
    // on a new connection and on one that had an answer
    let mut fresh = server.connect().await;
    fresh.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
    used.write_all(b"GET / HT").await.unwrap();
    server.stop();
    // far within the time that a head may take
    let stopped = tokio::time::timeout(Duration::from_mins(1), server.task).await;
    stopped.expect("nobody is waited for").unwrap().unwrap();
}
