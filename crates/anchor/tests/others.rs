//! The anchors without a signature.

use std::sync::Arc;

use strongroom_anchor::{InMemory, Pastebin};
use strongroom_fetch::{AddressPolicy, Fetcher, Limits};
use strongroom_kernel::{
    Uuid,
    ports::{Anchor, AnchorProof, PortErrorKind, Rng, SystemRng},
};

use strongroom_contract::http::{Reply, Request, serve};

const TEXT: &str = "sha512:0123 äöü&=+";

#[tokio::test]
async fn the_anchor_that_is_none_gives_random_links() {
    let rng: Arc<dyn Rng> = Arc::new(SystemRng);
    let anchor = InMemory::new(rng);
    let (first, second) =
        (anchor.anchor(TEXT).await.expect("a link"), anchor.anchor(TEXT).await.expect("a link"));
    assert_ne!(first, second);
    assert_eq!(Uuid::parse_str(&first.link).expect("a UUID").get_version_num(), 4);
    assert_eq!((first.provider.as_deref(), anchor.provider()), (None, None));
    assert_eq!(anchor.check(TEXT, &first).await.expect_err("nothing to check").kind, PortErrorKind::Refused);
}

fn pastebin(handler: impl Fn(Request) -> Reply + Send + Sync + 'static) -> Pastebin {
    let fetcher = Fetcher::new(Limits::default(), AddressPolicy::Any).expect("a client");
    Pastebin::new("k3y", fetcher).with_base(serve(handler))
}

fn proof(link: &str) -> AnchorProof {
    AnchorProof { link: link.to_owned(), provider: Some("https://pastebin.com".to_owned()) }
}

#[tokio::test]
async fn a_paste_is_published_in_the_form_of_the_original() {
    let anchor = pastebin(|request| {
        assert_eq!((&*request.method, &*request.path), ("POST", "/api/api_post.php"));
        assert_eq!(request.content_type, "application/x-www-form-urlencoded");
        assert_eq!(
            String::from_utf8(request.body).expect("UTF-8"),
            "api_paste_code=sha512%3A0123+%C3%A4%C3%B6%C3%BC%26%3D%2B&api_option=paste&api_dev_key=k3y\
             &api_paste_private=1&api_paste_expire_date=N"
        );
        Reply::ok("https://pastebin.com/UIFdu235s")
    });
    assert_eq!(anchor.anchor(TEXT).await.expect("a paste"), proof("https://pastebin.com/UIFdu235s"));
    assert!(!format!("{anchor:?}").contains("k3y"));
}

#[tokio::test]
async fn an_answer_without_a_link_is_no_proof() {
    for (status, body, kind) in [
        (200, "Bad API request, invalid api_dev_key", PortErrorKind::Refused),
        (200, "", PortErrorKind::Refused),
        (201, "https://pastebin.com/UIFdu235s", PortErrorKind::Refused),
        (422, "Bad API request", PortErrorKind::Refused),
        (503, "busy", PortErrorKind::Unavailable),
    ] {
        let anchor = pastebin(move |_| Reply::Answer(status, "", body.into()));
        assert_eq!(anchor.anchor(TEXT).await.expect_err(body).kind, kind, "{status} {body}");
    }
}

#[tokio::test]
async fn a_paste_is_checked_by_reading_it_again() {
    let anchor = pastebin(|request| match &*request.path {
        "/raw/there" => Reply::ok(TEXT),
        "/raw/changed" => Reply::ok("another text"),
        "/raw/busy" => Reply::Answer(500, "", Vec::new()),
        _ => Reply::Answer(404, "", Vec::new()),
    });
    anchor.check(TEXT, &proof("https://pastebin.com/there")).await.expect("there");
    for (link, kind) in [
        ("https://pastebin.com/changed", PortErrorKind::Corrupt),
        ("https://pastebin.com/gone", PortErrorKind::Corrupt),
        ("https://pastebin.com/busy", PortErrorKind::Unavailable),
        ("https://pastebin.com/?q=..%2f", PortErrorKind::Corrupt),
        ("", PortErrorKind::Corrupt),
    ] {
        assert_eq!(anchor.check(TEXT, &proof(link)).await.expect_err(link).kind, kind, "{link}");
    }
    let nobodys = AnchorProof { link: "there".to_owned(), provider: None };
    assert_eq!(anchor.check(TEXT, &nobodys).await.expect_err("nobody's").kind, PortErrorKind::Refused);
}
