//! Names whose addresses change, and proxies of the environment.

use std::{
    io,
    net::IpAddr,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::BoxFuture;
use strongroom_contract::http::{Reply, serve};
use strongroom_fetch::{Downloader, Names};
use strongroom_kernel::ports::{FetchError, FetchLimits};

use super::downloads::{download, downloader, policy};

const LIMITS: FetchLimits =
    FetchLimits { max_bytes: 1_000, total: Duration::from_mins(1), idle: Duration::from_mins(1) };

/// Gives each look-up the next answer, whatever the name.
#[derive(Debug)]
struct Changing(Mutex<Vec<Vec<IpAddr>>>);

impl Changing {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|text| text.parse().expect(text)).collect();
        Arc::new(Self(Mutex::new(answers.iter().rev().map(parse).collect())))
    }

    fn left(&self) -> usize {
        self.0.lock().expect("not poisoned").len()
    }
}

impl Names for Changing {
    fn look_up(&self, _name: String) -> BoxFuture<'_, io::Result<Vec<IpAddr>>> {
        let answer = self.0.lock().expect("not poisoned").pop();
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("one look-up too many")) })
    }
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_only_what_was_found_is_asked() {
    let base = serve(|_| Reply::ok("file"));
    let port = base.rsplit(':').next().expect("a port");
    let base = format!("http://files.test:{port}");
    let names = Changing::new(&[&["127.0.0.1"], &["169.254.169.254"], &["127.0.0.1"]]);
    let downloader =
        Downloader::with_names(policy(&[&base]), Arc::<Changing>::clone(&names)).expect("a client");
    // A second look-up between check and connection would give the second answer.
    assert_eq!(download(&downloader, &base, LIMITS).await.expect("a file"), b"file");
    assert_eq!(names.left(), 2);
    // No connection is kept from before: the name is looked up again, and now leads where nobody may go.
    let error = download(&downloader, &base, LIMITS).await.expect_err("rebound");
    assert!(matches!(error, FetchError::Address), "{error:?}");
    assert_eq!(names.left(), 1);
    assert_eq!(download(&downloader, &base, LIMITS).await.expect("a file"), b"file");
}

#[tokio::test]
async fn a_name_of_the_internet_that_leads_to_us_is_not_asked() {
    for answer in
        [&["127.0.0.1"][..], &["10.0.0.1", "::1"], &["::ffff:127.0.0.1"], &["169.254.169.254"], &["0.0.0.0"]]
    {
        let names = Changing::new(&[answer]);
        let downloader =
            Downloader::with_names(policy(&[]), Arc::<Changing>::clone(&names)).expect("a client");
        let error = download(&downloader, "http://innocent.example/", LIMITS).await.expect_err("ours");
        assert!(matches!(error, FetchError::Address), "{answer:?}: {error:?}");
        assert_eq!(names.left(), 0);
    }
}

#[tokio::test]
async fn an_internal_name_is_internal_on_its_port_alone() {
    let names = Changing::new(&[&["127.0.0.1"]]);
    let downloader = Downloader::with_names(policy(&["http://files.test:8443"]), names).expect("a client");
    let error = download(&downloader, "http://files.test/", LIMITS).await.expect_err("another port");
    assert!(matches!(error, FetchError::Address), "{error:?}");
}

/// Runs `asks_past_the_proxy` in a process of its own, whose environment names a proxy.
#[test]
fn proxies_of_the_environment_are_not_used() {
    let proxy = serve(|_| Reply::ok("proxied"));
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program);
    child.args(["rebinding::asks_past_the_proxy", "--exact", "--ignored"]);
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(name, &proxy);
    }
    let output = child.output().expect("run");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test]
#[ignore = "run by proxies_of_the_environment_are_not_used"]
async fn asks_past_the_proxy() {
    let base = serve(|_| Reply::ok("direct"));
    assert_eq!(download(&downloader(&base), &base, LIMITS).await.expect("a file"), b"direct");
}
