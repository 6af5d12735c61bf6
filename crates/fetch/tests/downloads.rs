//! Files from servers that behave and servers that do not. No test leaves this machine.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::StreamExt as _;
use strongroom_fetch::{DownloadPolicy, Downloader, Scheme};
use strongroom_kernel::ports::{Fetch as _, FetchError, FetchLimits};

use strongroom_contract::http::{Reply, Request, serve};

/// Generous, so that only what a test asks for ends a download.
const LIMITS: FetchLimits =
    FetchLimits { max_bytes: 1_000_000, total: Duration::from_mins(1), idle: Duration::from_mins(1) };

/// A client that may ask every public host, and of this machine the server at `base`.
pub(crate) fn downloader(base: &str) -> Downloader {
    Downloader::new(policy(&[base])).expect("a client")
}

pub(crate) fn policy(bases: &[&str]) -> DownloadPolicy {
    DownloadPolicy {
        schemes: vec![Scheme::Https, Scheme::Http],
        ports: vec![80, 443],
        hosts: vec!["*".parse().expect("all")],
        internal: bases.iter().map(|base| base["http://".len()..].parse().expect(base)).collect(),
        ..DownloadPolicy::default()
    }
}

/// The whole file, or why not.
pub(crate) async fn download(
    downloader: &Downloader,
    url: &str,
    limits: FetchLimits,
) -> Result<Vec<u8>, FetchError> {
    let mut body = downloader.fetch(url, limits).await?.body;
    let mut file = Vec::new();
    while let Some(piece) = body.next().await {
        let piece = piece?;
        assert!(piece.len() <= 1 << 20, "a piece of {} bytes", piece.len());
        file.extend_from_slice(&piece);
    }
    Ok(file)
}

async fn fails(reply: impl Fn(Request) -> Reply + Send + Sync + 'static, limits: FetchLimits) -> FetchError {
    let base = serve(reply);
    download(&downloader(&base), &base, limits).await.expect_err("no file")
}

#[tokio::test]
async fn a_file_comes_whole_with_what_its_server_says_of_it() {
    let file: Vec<u8> = (0..=255).cycle().take(900_001).collect();
    let base = {
        let file = file.clone();
        serve(move |request| match &*request.path {
            "/a?b=c" => Reply::Answer(302, "location: /d#e\r\n", Vec::new()),
            "/d" => Reply::Answer(200, "content-type: application/dicom\r\n", file.clone()),
            _ => Reply::Answer(404, "", Vec::new()),
        })
    };
    let downloader = downloader(&base);
    let url = format!("{base}/a?b=c");
    downloader.check(&url).expect("allowed");
    let fetched = downloader.fetch(&url, LIMITS).await.expect("a file");
    assert_eq!(fetched.url, format!("{base}/d"));
    assert_eq!((fetched.media_type.as_deref(), fetched.length), (Some("application/dicom"), Some(900_001)));
    assert_eq!(download(&downloader, &url, LIMITS).await.expect("a file"), file);
}

#[tokio::test]
async fn nothing_but_the_question_is_sent() {
    let base = serve(|request| match &*request.path {
        "/" => Reply::Answer(302, "location: /next\r\nset-cookie: a=b\r\n", Vec::new()),
        _ => Reply::ok(request.headers.join("\n")),
    });
    let headers = download(&downloader(&base), &format!("{base}/"), LIMITS).await.expect("an answer");
    let headers = String::from_utf8(headers).expect("text");
    let names: Vec<_> = headers.lines().filter_map(|line| line.split(':').next()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["accept", "accept-encoding", "host", "user-agent"], "{headers}");
    assert!(headers.contains("accept-encoding: identity"), "{headers}");
}

#[tokio::test]
async fn redirects_lead_nowhere_a_url_may_not() {
    let asked = Arc::new(AtomicUsize::new(0));
    let secret = {
        let asked = Arc::clone(&asked);
        serve(move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            Reply::ok("secret")
        })
    };
    let port = secret.rsplit(':').next().expect("a port").to_owned();
    // The path says where to.
    let base = serve(|request| {
        let target = request.path[1..].to_owned();
        Reply::Raw(format!("HTTP/1.1 307 X\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n"))
    });
    let downloader = downloader(&base);
    let try_it = |target: String| {
        let url = format!("{base}/{target}");
        let downloader = downloader.clone();
        async move { download(&downloader, &url, LIMITS).await.expect_err(&target) }
    };
    for host in ["127.0.0.1", "127.1", "[::1]", "[::ffff:7f00:1]", "localhost"] {
        let error = try_it(format!("http://{host}:{port}/")).await;
        assert!(matches!(error, FetchError::Port), "{host}: {error:?}");
    }
    for host in [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "100.64.0.1",
        "[64:ff9b::a00:1]",
    ] {
        let error = try_it(format!("http://{host}/latest/meta-data")).await;
        assert!(matches!(error, FetchError::Address), "{host}: {error:?}");
    }
    // Names are looked at when they are looked up: nothing is asked of this machine's port 80.
    for host in ["localhost", "LOCALHOST"] {
        let error = try_it(format!("http://{host}/")).await;
        assert!(matches!(error, FetchError::Address), "{host}: {error:?}");
    }
    for target in ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:25/x"] {
        let error = try_it(target.to_owned()).await;
        assert!(matches!(error, FetchError::Scheme { .. }), "{target}: {error:?}");
    }
    let host = &base["http://".len()..];
    assert!(matches!(try_it(format!("http://me:secret@{host}/")).await, FetchError::Credentials));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn redirects_have_an_end() {
    let base = serve(|request| match request.path[1..].parse::<u32>() {
        Ok(0) => Reply::ok("found"),
        Ok(n) => Reply::Raw(format!("HTTP/1.1 301 X\r\nlocation: /{}\r\ncontent-length: 0\r\n\r\n", n - 1)),
        Err(_) => Reply::Answer(301, "", Vec::new()),
    });
    let downloader = downloader(&base);
    assert_eq!(download(&downloader, &format!("{base}/5"), LIMITS).await.expect("a file"), b"found");
    for path in ["6", "nowhere"] {
        let error = download(&downloader, &format!("{base}/{path}"), LIMITS).await.expect_err(path);
        assert!(matches!(error, FetchError::Redirect), "{path}: {error:?}");
    }
}

#[tokio::test]
async fn a_file_up_to_the_limit_comes_and_one_longer_does_not() {
    let base = serve(|request| {
        let (length, said) =
            request.path[1..].split_once('/').map(|(n, s)| (n.to_owned(), s == "said")).expect("two");
        let body = "x".repeat(length.parse().expect("a length"));
        let said =
            if said { format!("content-length: {length}\r\n") } else { "connection: close\r\n".to_owned() };
        Reply::Raw(format!("HTTP/1.1 200 X\r\n{said}\r\n{body}"))
    });
    let downloader = downloader(&base);
    let limits = FetchLimits { max_bytes: 100_000, ..LIMITS };
    for way in ["said", "unsaid"] {
        let file = download(&downloader, &format!("{base}/100000/{way}"), limits).await.expect("a file");
        assert_eq!(file.len(), 100_000);
        let error =
            download(&downloader, &format!("{base}/100001/{way}"), limits).await.expect_err("too long");
        assert!(matches!(error, FetchError::TooLong { limit: 100_000 }), "{way}: {error:?}");
    }
    assert!(matches!(fails(|_| Reply::Endless, limits).await, FetchError::TooLong { .. }));
}

#[tokio::test]
async fn silence_and_slowness_have_an_end() {
    let idle = FetchLimits { idle: Duration::from_millis(100), ..LIMITS };
    assert!(matches!(fails(|_| Reply::Silence, idle).await, FetchError::Time));
    let stuck = "HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nhalf";
    assert!(matches!(fails(|_| Reply::Stuck(stuck.to_owned()), idle).await, FetchError::Time));
    // never silent for long, and never done
    let total = FetchLimits { total: Duration::from_millis(300), ..LIMITS };
    assert!(matches!(fails(|_| Reply::Drip, total).await, FetchError::Time));
}

#[tokio::test]
async fn half_a_file_is_none() {
    for answer in [
        "HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf",
    ] {
        let error = fails(|_| Reply::Raw(answer.to_owned()), LIMITS).await;
        assert!(matches!(error, FetchError::Incomplete), "{answer:?}: {error:?}");
        assert!(error.may_pass());
    }
}

#[tokio::test]
async fn a_head_that_is_none_is_no_file() {
    for answer in [
        "",
        "half a he",
        "HTTP/1.1 200 X\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nhalf!",
        "HTTP/1.1 200 X\r\ncontent-length: -1\r\n\r\n",
    ] {
        let error = fails(|_| Reply::Raw(answer.to_owned()), LIMITS).await;
        assert!(matches!(error, FetchError::Unreachable(_)), "{answer:?}: {error:?}");
    }
}

#[tokio::test]
async fn what_is_packed_would_have_another_digest() {
    let error = fails(|_| Reply::Answer(200, "content-encoding: gzip\r\n", b"packed".to_vec()), LIMITS).await;
    assert!(matches!(error, FetchError::Encoded), "{error:?}");
    let plain = serve(|_| Reply::Answer(200, "content-encoding: Identity\r\n", b"plain".to_vec()));
    assert_eq!(download(&downloader(&plain), &plain, LIMITS).await.expect("a file"), b"plain");
}

#[tokio::test]
async fn no_other_status_is_a_file() {
    let base =
        serve(|request| Reply::Answer(request.path[1..].parse().expect("a status"), "", b"no".to_vec()));
    let downloader = downloader(&base);
    for (status, may_pass) in [
        (201, false),
        (206, false),
        (300, false),
        (304, false),
        (401, false),
        (404, false),
        (408, true),
        (429, true),
        (500, true),
        (503, true),
    ] {
        let error = download(&downloader, &format!("{base}/{status}"), LIMITS).await.expect_err("no file");
        assert!(matches!(error, FetchError::Status(found) if found == status), "{status}: {error:?}");
        assert_eq!(error.may_pass(), may_pass, "{status}");
    }
}

#[tokio::test]
async fn a_server_that_is_gone_may_come_back() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("bind").local_addr().expect("an address");
    let base = format!("http://{gone}");
    let error = download(&downloader(&base), &base, LIMITS).await.expect_err("gone");
    assert!(matches!(error, FetchError::Unreachable(_)) && error.may_pass(), "{error:?}");
    // What is shown tells nothing of addresses and ports.
    assert_eq!(error.to_string(), "the server could not be reached");
}
