//! What stands around every request: its id, its access line, its metrics, and a net under panics.

use std::{
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures::FutureExt as _;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tracing::{Span, field::Empty};

use crate::{
    access::{Facts, Line, REQUEST_ID_HEADER, RequestId},
    metrics::Metrics,
};

/// Target of spans, which collectors are told and lines of diagnostics are not.
pub const SPANS: &str = "spans";
/// Answers up to this size count as sent when they are handed over.
const SMALL_ANSWER: u64 = 1 << 20;

/// Watches the requests of one listener.
#[derive(Debug)]
pub struct Observer {
    listener: &'static str,
    metrics: Arc<Metrics>,
    process: u32,
}

impl Observer {
    /// An observer of the listener called `listener`; `process` is drawn at random, once per process.
    pub fn new(listener: &'static str, metrics: Arc<Metrics>, process: u32) -> Self {
        Self { listener, metrics, process }
    }

    fn next_id(&self) -> RequestId {
        RequestId { process: self.process, number: self.metrics.next_request() }
    }
}

/// `router`, with every request observed.
pub fn observed(router: Router, observer: Arc<Observer>) -> Router {
    router.layer(middleware::from_fn_with_state(observer, observe))
}

async fn observe(State(observer): State<Arc<Observer>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = observer.next_id();
    let method = request.method().clone();
    request.extensions_mut().insert(id);
    let span = span(&observer, id, &method);
    let mut response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_panic) => panicked(id),
    };
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    let facts = response.extensions_mut().remove::<Facts>().unwrap_or_default();
    observer.metrics.request(facts.route.unwrap_or("other"), &method, response.status(), began.elapsed());
    span.record("http.response.status_code", response.status().as_u16());
    if let (Some(route), false) = (facts.route, span.is_disabled()) {
        span.record("http.route", route).record("otel.name", format!("{method} {route}"));
    }
    let line = Line { id, listener: observer.listener, method, status: response.status(), facts };
    match response.body().size_hint().exact() {
        Some(bytes) if bytes <= SMALL_ANSWER => {
            line.write(bytes, began.elapsed());
            response
        }
        _ => response.map(|body| Body::new(Counted { body, line, began, bytes: 0 })),
    }
}

/// The span of a request, in the words of OpenTelemetry; made only where spans are collected.
///
/// It is not entered: its name has the route, which is known at the end only, and a span that was entered keeps the
/// name it began with.
fn span(observer: &Observer, id: RequestId, method: &Method) -> Span {
    tracing::info_span!(
        target: SPANS,
        "request",
        otel.name = Empty,
        otel.kind = "server",
        listener = observer.listener,
        request = %id,
        http.request.method = %method,
        http.route = Empty,
        http.response.status_code = Empty,
    )
}

fn panicked(id: RequestId) -> Response {
    tracing::error!(request = %id, "a request ended in a panic");
    let head = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (StatusCode::INTERNAL_SERVER_ERROR, head, "Internal Server Error").into_response()
}

/// A large or streaming answer: its line is written when it ends, whole or not.
struct Counted {
    body: Body,
    line: Line,
    began: Instant,
    bytes: u64,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            self.bytes += frame.data_ref().map_or(0, |piece| piece.len() as u64);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.line.write(self.bytes, self.began.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_a_500_and_every_answer_has_an_id() {
        async fn broken() -> &'static str {
            panic!("broken on purpose")
        }
        let router = Router::new().route("/fine", get(|| async { "fine" })).route("/broken", get(broken));
        let metrics = Arc::new(Metrics::new());
        let router = observed(router, Arc::new(Observer::new("test", Arc::clone(&metrics), 7)));
        let ask = |path: &'static str| {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            router.clone().oneshot(request)
        };
        let fine = ask("/fine").await.unwrap();
        assert_eq!(fine.headers()[REQUEST_ID_HEADER], "00000007-0");
        assert_eq!(fine.status(), StatusCode::OK);
        let broken = ask("/broken").await.unwrap();
        assert_eq!(broken.headers()[REQUEST_ID_HEADER], "00000007-1");
        assert_eq!(broken.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(broken.into_body().collect().await.unwrap().to_bytes(), "Internal Server Error");
        assert!(metrics.page([]).contains("status=\"500\""));
    }
}
