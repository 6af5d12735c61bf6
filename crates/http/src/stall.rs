//! A connection whose peer must take what is sent to it within a time.
//!
//! Waiting for a request head is limited by hyper, for a request body by [`super::body`]; this is the third
//! way in which a peer can hold a connection for nothing.
//!
//! A connection that is closed while its peer still sends is read on for a moment: closing it with unread bytes
//! would make the system reset it, and a client that got 401 for a large body might never see that answer.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

use crate::{
    rest::{Rest, Resting},
    under_way::UnderWay,
};

/// A stream that fails with `TimedOut` when a write makes no progress for `limit`.
pub(crate) struct Stalling<S> {
    stream: S,
    limit: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
    closing: Closing,
    sending: Sending,
    resting: Resting,
    under_way: UnderWay,
}

/// Whether the peer is known to be in the middle of a body that is not read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sending(Arc<AtomicBool>);

impl Sending {
    /// Notes that it is.
    pub(crate) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How far the close has come.
enum Closing {
    /// Not begun.
    Open,
    /// Our side is closed; what the peer still sends is thrown away, so many bytes so far.
    Draining(u64, Pin<Box<Sleep>>),
    /// Done.
    Closed,
}

/// Most bytes that are thrown away for a peer that does not stop, and the longest wait for them: twice the largest body
/// that a service reads at once, or nobody who sends too large a one would ever see why it was refused.
const MOST_DRAINED: u64 = 64 << 20;
const LONGEST_DRAIN: Duration = Duration::from_secs(2);

impl<S> Stalling<S> {
    pub(crate) fn new(stream: S, limit: Duration, sending: Sending, rest: Rest, under_way: UnderWay) -> Self {
        let resting = Resting::new(rest);
        Self { stream, limit, waiting: None, closing: Closing::Open, sending, resting, under_way }
    }

    /// Passes on what a write came to, and watches it while it waits.
    fn watch<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.under_way.note_writing(written.is_pending());
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(waiting.as_mut().poll(context));
        waiting.as_mut().reset(Instant::now() + limit);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer takes nothing")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stalling<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.resting.poll_over(context));
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + Unpin> Stalling<S> {
    /// Throws away what the peer still sends; ready when there is no more, or enough was read.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Closing::Draining(drained, deadline) = &mut self.closing else { return Poll::Ready(()) };
        let sending = self.sending.0.load(Ordering::Relaxed);
        let mut scrap = [0; 8192];
        loop {
            let mut buffer = ReadBuf::new(&mut scrap);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() && *drained < MOST_DRAINED => {
                    *drained += buffer.filled().len() as u64;
                }
                Poll::Ready(_) => return Poll::Ready(()),
                // a peer that sends nothing now was not sending when we closed
                Poll::Pending if *drained == 0 && !sending => return Poll::Ready(()),
                Poll::Pending => return deadline.as_mut().poll(context),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stalling<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, data);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.closing, Closing::Open) {
            let shut = Pin::new(&mut self.stream).poll_shutdown(context);
            ready!(self.watch(context, shut))?;
            self.closing = Closing::Draining(0, Box::pin(sleep(LONGEST_DRAIN)));
        }
        ready!(self.poll_drain(context));
        self.closing = Closing::Closed;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

    use super::*;

    fn stalling(near: DuplexStream, sending: &Sending) -> Stalling<DuplexStream> {
        let (rest, under_way) = (Rest::default(), UnderWay::default());
        Stalling::new(near, Duration::from_secs(5), sending.clone(), rest, under_way)
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_is_given_up() {
        let (near, mut far) = tokio::io::duplex(4);
        let mut near = stalling(near, &Sending::default());
        near.write_all(b"full").await.unwrap();
        let error = near.write_all(b"more").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let mut taken = [0; 4];
        far.read_exact(&mut taken).await.unwrap();
        near.write_all(b"more").await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_a_little_too_large_is_heard_to_its_end() {
        let (near, mut far) = tokio::io::duplex(1 << 16);
        let sending = Sending::default();
        sending.note();
        let mut near = stalling(near, &sending);
        let close = async move { near.shutdown().await };
        let send = async move {
            let body = vec![0; 33 << 20];
            far.write_all(&body).await
        };
        let (closed, sent) = tokio::join!(close, send);
        closed.unwrap();
        sent.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_in_the_middle_of_a_body_is_listened_to_after_the_close() {
        let closed = async |sending: &Sending| {
            let (near, mut far) = tokio::io::duplex(64);
            let mut near = stalling(near, sending);
            let begun = Instant::now();
            let (closed, _) = tokio::join!(near.shutdown(), async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                far.write_all(b"the rest").await
            });
            closed.unwrap();
            drop((near, far));
            begun.elapsed()
        };
        let sending = Sending::default();
        assert_eq!(closed(&sending).await, Duration::from_millis(300), "the time of the peer alone");
        sending.note();
        assert_eq!(closed(&sending).await, LONGEST_DRAIN);
    }
}
