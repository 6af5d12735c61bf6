//! A page that shows a service's OpenAPI document to people, without scripts or styles from elsewhere.

use axum::{
    http::{HeaderValue, header},
    response::Response,
};

/// Fetches `openapi.json` beside it and shows title, operations and objects.
const PAGE: &str = include_str!("docs_page.html");
/// What the page may do: run what is in it, and ask its own server.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'",
);

/// The page; the document must be at `openapi.json` in the same folder of paths.
pub fn page() -> Response {
    let mut response = Response::new(PAGE.into());
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_nothing_from_outside() {
        assert!(!PAGE.contains("http://") && !PAGE.contains("https://") && !PAGE.contains("src="));
        assert!(page().headers()[header::CONTENT_SECURITY_POLICY].to_str().is_ok());
    }
}
