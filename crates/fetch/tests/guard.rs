//! The client that may only ask public addresses. No test leaves this machine.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use strongroom_fetch::{AddressPolicy, Fetcher, Limits};
use strongroom_kernel::ports::PortErrorKind;

use strongroom_contract::http::{Reply, serve};

#[tokio::test]
async fn this_machine_is_never_asked_however_it_is_named() {
    let asked = Arc::new(AtomicUsize::new(0));
    let base = {
        let asked = Arc::clone(&asked);
        serve(move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            Reply::ok("secret")
        })
    };
    let port = base.rsplit(':').next().expect("a port");
    let fetcher = Fetcher::new(Limits::default(), AddressPolicy::PublicOnly).expect("a client");
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "LOCALHOST",
    ] {
        let error = fetcher.get(&format!("http://{host}:{port}/")).await.expect_err(host);
        assert_eq!(error.kind, PortErrorKind::Refused, "{host}: {error:?}");
        assert!(error.to_string().contains("not a public one"), "{host}: {error}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    // The same server, for a client that may.
    Fetcher::new(Limits::default(), AddressPolicy::Any)
        .expect("a client")
        .get(&base)
        .await
        .expect("an answer");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_redirect_leads_to_nothing_but_http() {
    let base = serve(|request| match &*request.path {
        "/ftp" => Reply::Answer(302, "location: ftp://127.0.0.1/\r\n", Vec::new()),
        _ => Reply::Answer(302, "location: file:///etc/passwd\r\n", Vec::new()),
    });
    let fetcher = Fetcher::new(Limits::default(), AddressPolicy::Any).expect("a client");
    let error = fetcher.get(&format!("{base}/ftp")).await.expect_err("not followed");
    assert_eq!(
        (error.kind, &*error.to_string()),
        (PortErrorKind::Refused, "get: the scheme is neither http nor https")
    );
    // Without a host it is no redirect at all, and the answer is the server's own.
    let answer = fetcher.get(&base).await.expect("an answer");
    assert_eq!((answer.status, answer.body.is_empty()), (302, true));
}
