//! `GET /` and `/health`, the pages of the API, unknown paths and methods.

use axum::{body::Body, http::Method};
use strongroom_testkit::FakeSink;

use crate::common::Service;

#[tokio::test]
async fn health_is_true_also_when_nothing_behind_it_works_trap_27() {
    let service = Service::start().await;
    let healthy =
        r#"200 {"service":"bytes","healthy":true,"version":"0.0.1.dev1","additional":null,"results":[]}"#;
    assert_eq!(service.stranger(Method::GET, "/health", Body::empty()).await.to_string(), healthy);
    FakeSink::set_away(&service.platform.sink, true);
    service.platform.kernel.stop().await;
    assert_eq!(service.stranger(Method::GET, "/health", Body::empty()).await.to_string(), healthy);
}

#[tokio::test]
async fn the_root_leads_to_health() {
    let service = Service::start().await;
    let reply = service.stranger(Method::GET, "/", Body::empty()).await;
    assert_eq!((reply.status, reply.header("location"), reply.text()), (307, Some("/health"), ""));
}

#[tokio::test]
async fn unknown_paths_and_methods_are_told_without_a_token() {
    let service = Service::start().await;
    let reply = service.stranger(Method::GET, "/nowhere", Body::empty()).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Not Found"}"#);
    for method in [Method::HEAD, Method::OPTIONS, Method::PUT] {
        let reply = service.stranger(method.clone(), "/bytes/raw", Body::empty()).await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some("POST, GET")));
        let body = if method == Method::HEAD { "" } else { r#"{"detail":"Method Not Allowed"}"# };
        assert_eq!(reply.text(), body, "an answer to HEAD has no body (RFC 9110 §9.3.2)");
    }
}

#[tokio::test]
async fn the_api_is_shown_to_anyone() {
    let service = Service::start().await;
    let document = service.stranger(Method::GET, "/openapi.json", Body::empty()).await;
    assert_eq!(document.json()["info"]["title"], "Bytes API");
    for path in ["/docs", "/redoc"] {
        let page = service.stranger(Method::GET, path, Body::empty()).await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    }
}
