//! What a request may cost.

use std::{net::TcpListener, time::Duration};

use strongroom_fetch::{AddressPolicy, Fetcher, Limits};
use strongroom_kernel::ports::PortErrorKind;

use strongroom_contract::http::{Reply, serve};

fn fetcher(limits: Limits) -> Fetcher {
    Fetcher::new(limits, AddressPolicy::Any).expect("a client")
}

#[tokio::test]
async fn a_body_up_to_the_limit_comes_whole_and_one_longer_not_at_all() {
    let base = serve(|request| Reply::ok(vec![b'x'; request.path[1..].parse().expect("a length")]));
    let fetcher = fetcher(Limits { max_body: 100_000, ..Limits::default() });
    let answer = fetcher.get(&format!("{base}/100000")).await.expect("an answer");
    assert_eq!(answer.body.len(), 100_000);
    let error = fetcher.get(&format!("{base}/100001")).await.expect_err("too long");
    assert_eq!(error.kind, PortErrorKind::Refused);
}

#[tokio::test]
async fn a_body_without_end_is_cut_at_the_limit() {
    let error = fetcher(Limits::default()).get(&serve(|_| Reply::Endless)).await.expect_err("too long");
    assert_eq!(
        (error.kind, &*error.to_string()),
        (PortErrorKind::Refused, "get: the answer is longer than 1048576 bytes")
    );
}

#[tokio::test]
async fn silence_ends_with_the_time_allowed() {
    let fetcher = fetcher(Limits { total_timeout: Duration::from_millis(200), ..Limits::default() });
    let error = fetcher.get(&serve(|_| Reply::Silence)).await.expect_err("silence");
    assert_eq!((error.kind, &*error.to_string()), (PortErrorKind::Unavailable, "get: no answer in time"));
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable() {
    let gone = TcpListener::bind("127.0.0.1:0").expect("bind").local_addr().expect("an address");
    let error = fetcher(Limits::default()).get(&format!("http://{gone}/")).await.expect_err("gone");
    assert_eq!(error.kind, PortErrorKind::Unavailable);
}

#[tokio::test]
async fn redirects_are_followed_as_often_as_allowed() {
    // Path /n leads to /n-1, and /0 answers.
    let base = serve(|request| match &*request.path {
        "/3" => Reply::Answer(301, "location: /2\r\n", Vec::new()),
        "/2" => Reply::Answer(302, "location: /1\r\n", Vec::new()),
        "/1" => Reply::Answer(307, "location: /0\r\n", Vec::new()),
        _ => Reply::ok(request.method),
    });
    let allowed = |redirects| fetcher(Limits { redirects, ..Limits::default() });
    assert_eq!(&allowed(3).get(&format!("{base}/3")).await.expect("an answer").body[..], b"GET");
    assert_eq!(
        &allowed(1).post(&format!("{base}/1"), "a/b", "c").await.expect("an answer").body[..],
        b"POST"
    );
    for (redirects, path) in [(2, "3"), (0, "1")] {
        let error = allowed(redirects).get(&format!("{base}/{path}")).await.expect_err("too many");
        assert_eq!((error.kind, &*error.to_string()), (PortErrorKind::Refused, "get: too many redirects"));
    }
}
