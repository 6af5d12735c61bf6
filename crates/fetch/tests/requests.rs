//! What goes out and what comes back.

use strongroom_fetch::{AddressPolicy, Fetcher, Limits, public_form};
use strongroom_kernel::ports::PortErrorKind;

use strongroom_contract::http::{Reply, Request, serve};

fn fetcher() -> Fetcher {
    Fetcher::new(Limits::default(), AddressPolicy::Any).expect("a client")
}

/// Answers with what was asked, as text.
fn echo() -> String {
    serve(|Request { method, path, content_type, body, .. }| {
        let body = String::from_utf8(body).expect("UTF-8");
        Reply::Answer(
            200,
            "content-type: text/x-echo\r\n",
            format!("{method} {path} {content_type} {body}").into(),
        )
    })
}

#[tokio::test]
async fn requests_arrive_as_they_were_made() {
    let (fetcher, base) = (fetcher(), echo());
    let answer = fetcher.get(&format!("{base}/a?b=c%20d")).await.expect("an answer");
    assert_eq!((answer.status, answer.content_type.as_deref()), (200, Some("text/x-echo")));
    assert_eq!(&answer.body[..], b"GET /a?b=c%20d  ");
    let answer = fetcher.post(&base, "text/plain; x=y", "body").await.expect("an answer");
    assert_eq!(&answer.body[..], b"POST / text/plain; x=y body");
    let answer = fetcher.post_form(&base, &[("a", "b c"), ("d&", "ä")]).await.expect("an answer");
    assert_eq!(&answer.body[..], b"POST / application/x-www-form-urlencoded a=b+c&d%26=%C3%A4");
}

#[tokio::test]
async fn a_status_other_than_success_is_an_answer() {
    let base =
        serve(|request| Reply::Answer(request.path[1..].parse().expect("a status"), "", b"no".to_vec()));
    for (status, kind) in [
        (400, PortErrorKind::Refused),
        (404, PortErrorKind::Refused),
        (410, PortErrorKind::Refused),
        (408, PortErrorKind::Unavailable),
        (429, PortErrorKind::Unavailable),
        (500, PortErrorKind::Unavailable),
        (503, PortErrorKind::Unavailable),
    ] {
        let answer = fetcher().get(&format!("{base}/{status}")).await.expect("an answer");
        assert_eq!((answer.status, &answer.body[..]), (status, &b"no"[..]));
        assert_eq!(answer.success("ask").expect_err("no success").kind, kind, "{status}");
    }
    for status in [200, 201, 206] {
        fetcher().get(&format!("{base}/{status}")).await.expect("an answer").success("ask").expect("success");
    }
}

#[tokio::test]
async fn what_is_no_url_is_refused() {
    for url in ["", "nothing", "/path", "http://", "ftp://example.org/", "http://user:secret@:1/"] {
        let error = fetcher().get(url).await.expect_err(url);
        assert_eq!(error.kind, PortErrorKind::Refused, "{url}");
        assert!(!format!("{error:?}").contains("secret"));
    }
    assert_eq!(
        fetcher().post("http://example.org", "bad\ntype", "").await.expect_err("bad").kind,
        PortErrorKind::Refused
    );
}

#[test]
fn a_url_is_shown_in_its_normal_form_and_without_credentials() {
    for (url, shown) in [
        ("http://tsa.example", "http://tsa.example/"),
        ("HTTPS://TSA.example:443/tsr?a=b", "https://tsa.example/tsr?a=b"),
        ("http://user:secret@tsa.example:8080/x", "http://tsa.example:8080/x"),
    ] {
        assert_eq!(public_form(url).expect(url), shown);
    }
    assert_eq!(public_form("mailto:tsa@example.org").expect_err("no").kind, PortErrorKind::Refused);
}
