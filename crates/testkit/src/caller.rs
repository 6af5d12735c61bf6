//! Requests to a router without sockets, and their answers as text.

use std::fmt;

use axum::{Router, body::Body, extract::Request, http::Response};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers and extensions.
    pub head: Response<()>,
    /// Its body.
    pub body: Bytes,
}

impl Reply {
    /// The body as text.
    ///
    /// # Panics
    /// When it is not UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers().get(name).and_then(|value| value.to_str().ok())
    }
}

/// `200 {"status":"success"}`
impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// Sends `request` to `router` and reads the whole answer.
///
/// # Panics
/// When the answer breaks off.
pub async fn send(router: &Router, request: Request<Body>) -> Reply {
    let response = match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("the answer is whole").to_bytes();
    Reply { status: parts.status.as_u16(), head: Response::from_parts(parts, ()), body }
}
