//! What a handler leaves unread of a request body.
//!
//! hyper closes a connection whose request body was not read to its end, and does not say so: a client that uses the
//! connection again gets no answer to its next request. So a short rest is thrown away, and before a long one the
//! answer says that it is the last. How long a peer that still sends is listened to after the close is decided in
//! [`super::stall`].

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::{sync::oneshot, time::timeout};

/// Most bytes that are thrown away so that a connection can be used again, and the longest wait for them.
const MOST_DISCARDED: u64 = 64 << 10;
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Lends `body` to a handler; what it leaves of it comes back.
pub(crate) fn lend<B: HttpBody + Unpin>(body: B) -> (Lent<B>, Unread<B>) {
    if body.is_end_stream() {
        return (Lent { body: Some(body), back: None }, Unread(None));
    }
    let (back, unread) = oneshot::channel();
    (Lent { body: Some(body), back: Some(back) }, Unread(Some(unread)))
}

/// A body that goes back when it is dropped before its end.
pub(crate) struct Lent<B: HttpBody + Unpin> {
    /// `None` only while it is dropped.
    body: Option<B>,
    /// `None` once the body is at its end.
    back: Option<oneshot::Sender<B>>,
}

impl<B: HttpBody + Unpin> Drop for Lent<B> {
    fn drop(&mut self) {
        if let (Some(body), Some(back)) = (self.body.take(), self.back.take()) {
            // whoever lent it may have gone with its connection
            let _gone = back.send(body);
        }
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Lent<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) {
            self.back = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

/// What comes back of a body.
pub(crate) struct Unread<B>(Option<oneshot::Receiver<B>>);

impl<B: HttpBody<Data = Bytes> + Unpin> Unread<B> {
    /// Throws away a short rest, once the answer is there; returns whether nothing is left.
    ///
    /// With `may_ask` false nothing is read, as reading asks a peer that waits for leave to send its body.
    pub(crate) async fn discard(self, may_ask: bool) -> bool {
        let Some(mut lent) = self.0 else { return true };
        match lent.try_recv() {
            Ok(rest) if rest.is_end_stream() => true,
            Ok(rest) if may_ask => timeout(LONGEST_WAIT, throw_away(rest)).await.unwrap_or(false),
            Ok(_) => false,
            // at its end, or read on while the answer is sent
            Err(_) => true,
        }
    }
}

/// Reads `rest` to its end, unless it is long; returns whether it came there.
async fn throw_away<B: HttpBody<Data = Bytes> + Unpin>(mut rest: B) -> bool {
    let mut left = MOST_DISCARDED;
    loop {
        if rest.size_hint().lower() > left {
            return false;
        }
        match rest.frame().await {
            None => return true,
            Some(Err(_)) => return false,
            Some(Ok(frame)) => {
                let Some(more) = left.checked_sub(frame.data_ref().map_or(0, |piece| piece.len() as u64))
                else {
                    return false;
                };
                left = more;
            }
        }
    }
}
