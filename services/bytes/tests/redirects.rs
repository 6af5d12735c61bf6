//! Paths with a slash at their end.

use axum::{body::Body, http::Method};

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
