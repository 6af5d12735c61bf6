//! Answers: JSON, text, and lists that are sent page by page.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use futures::stream;
use strongroom_model::Error;
use tokio::sync::mpsc;

/// Pieces that wait for a slow reader.
const WAITING_PIECES: usize = 4;

fn answer(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// JSON text.
pub(super) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    answer(status, "application/json", body.into())
}

/// Plain text.
pub(super) fn text(status: StatusCode, body: impl Into<Body>) -> Response {
    answer(status, "text/plain; charset=utf-8", body.into())
}

/// Bytes of unknown kind.
pub(super) fn octets(body: Body) -> Response {
    answer(StatusCode::OK, "application/octet-stream", body)
}

/// An empty answer that sends the client to `location`.
pub(super) fn redirect(location: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Where a task puts the pieces of an answer; waits while the reader is behind.
pub(super) struct Pieces(mpsc::Sender<Result<Bytes, Error>>);

/// The reader has gone.
pub(super) struct Gone;

impl Pieces {
    /// Sends a piece.
    pub(super) async fn send(&self, piece: String) -> Result<(), Gone> {
        self.0.send(Ok(piece.into())).await.map_err(|_| Gone)
    }

    /// Breaks the answer off, so that the reader cannot take it for whole.
    pub(super) async fn fail(&self, error: Error) -> Gone {
        tracing::error!(error = %error.diagnosis(), "an answer was broken off");
        let _gone = self.0.send(Err(error)).await;
        Gone
    }
}

/// A body whose pieces `write` sends from a task of its own.
pub(super) fn streamed<F>(write: impl FnOnce(Pieces) -> F) -> Body
where
    F: Future<Output = Result<(), Gone>> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(WAITING_PIECES);
    tokio::spawn(write(Pieces(sender)));
    Body::from_stream(stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    }))
}
