//! Paths with a slash at their end.

use axum::{Router, body::Body, extract::Request, http::Method};
use strongroom_testkit::send;

use crate::common::Service;

#[tokio::test]
async fn a_trailing_slash_is_redirected_before_authentication_trap_35() {
    let service = Service::start().await;
    let reply = service.stranger(Method::POST, "/bytes/raw/?boefje_meta_id=x&a=b%20c", Body::empty()).await;
    let location = reply.header("location").unwrap();
    assert_eq!((reply.status, location), (307, "http://bytes.test/bytes/raw?boefje_meta_id=x&a=b%20c"));
    let reply = service.stranger(Method::GET, "/health//", Body::empty()).await;
    assert_eq!(reply.header("location"), Some("http://bytes.test/health"));
    assert_eq!(service.stranger(Method::GET, "/nowhere/", Body::empty()).await.status, 404);
}

#[tokio::test]
async fn under_a_prefix_paths_and_redirects_keep_it() {
    let service = Service::start().await;
    let main = Router::new().nest("/bytes", service.router.clone());
    let ask = |path: &str| {
        let request = Request::get(path).header("host", "room.test").body(Body::empty()).unwrap();
        let main = main.clone();
        async move { send(&main, request).await }
    };
    assert_eq!(ask("/bytes/health").await.status, 200);
    assert_eq!(ask("/bytes/bytes/mime_types").await.status, 401);
    assert_eq!(ask("/bytes/nowhere").await.to_string(), r#"404 {"detail":"Not Found"}"#);
    let reply = ask("/bytes/bytes/raw/?limit=2").await;
    assert_eq!(reply.header("location"), Some("http://room.test/bytes/bytes/raw?limit=2"));
}
