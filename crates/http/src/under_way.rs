//! Whether a connection has a request under way, so that one that has none need not be waited for when all stops.
//!
//! hyper ends idle connections by itself, but waits for the rest of a request head that was begun.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::{sync::watch, time::sleep};

/// After the stop was asked for, a head that was begun has so long to become a request.
const MOMENT: Duration = Duration::from_secs(1);

/// What a connection is at. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct UnderWay(Arc<State>);

#[derive(Debug, Default)]
struct State {
    requests: AtomicUsize,
    /// A write waits for the peer.
    writing: AtomicBool,
}

impl UnderWay {
    /// A request begins, and is under way until what is returned is dropped.
    pub(crate) fn begin(&self) -> Request {
        self.0.requests.fetch_add(1, Relaxed);
        Request(self.clone())
    }

    /// Notes whether a write waits for the peer.
    pub(crate) fn note_writing(&self, waits: bool) {
        self.0.writing.store(waits, Relaxed);
    }

    fn is_idle(&self) -> bool {
        self.0.requests.load(Relaxed) == 0 && !self.0.writing.load(Relaxed)
    }

    /// Ends a moment after the stop was asked for, if nothing is under way then; a connection on which something is
    /// ends by itself with the answer.
    pub(crate) async fn idle_at_the_stop(&self, mut stopping: watch::Receiver<bool>) {
        // a listener that is gone has stopped
        let _ = stopping.wait_for(|stopping| *stopping).await;
        sleep(MOMENT).await;
        if !self.is_idle() {
            std::future::pending::<()>().await;
        }
    }
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct Request(UnderWay);

impl Drop for Request {
    fn drop(&mut self) {
        self.0.0.requests.fetch_sub(1, Relaxed);
    }
}

/// The body of an answer, with which its request ends.
pub(crate) struct Answer {
    body: Body,
    _request: Request,
}

impl Answer {
    /// `body`, with which `request` ends.
    pub(crate) fn new(body: Body, request: Request) -> Self {
        Self { body, _request: request }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_is_waited_for_and_nothing_else() {
        let (stop, stopping) = watch::channel(false);
        let under_way = UnderWay::default();
        let patience = Duration::from_mins(1);
        let before = timeout(patience, under_way.idle_at_the_stop(stopping.clone()));
        assert!(before.await.is_err(), "nobody asked for the stop");
        stop.send_replace(true);
        let begun = Instant::now();
        under_way.idle_at_the_stop(stopping.clone()).await;
        assert_eq!(begun.elapsed(), MOMENT);
        let request = under_way.begin();
        assert!(timeout(patience, under_way.idle_at_the_stop(stopping.clone())).await.is_err());
        drop(Answer::new(Body::empty(), request));
        under_way.note_writing(true);
        assert!(timeout(patience, under_way.idle_at_the_stop(stopping.clone())).await.is_err());
        under_way.note_writing(false);
        under_way.idle_at_the_stop(stopping).await;
    }
}
