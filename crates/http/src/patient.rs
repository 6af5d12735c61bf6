//! A request body whose every piece must come within a time, and all of them at a least rate.
//!
//! The second is against a peer that sends a byte now and then and so holds its place, and what its request holds, for
//! days. Only time in which the peer is waited for counts: where we take slowly, it cannot send faster.

use std::{
    error::Error,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

/// Over so much waiting the rate is taken.
const WINDOW: Duration = Duration::from_mins(1);

/// How long a peer is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Longest wait for the next piece.
    pub(crate) piece: Duration,
    /// Least bytes per second of waiting, over a minute of it; 0 asks for none.
    pub(crate) rate: u64,
}

/// A body that is waited for as [`Patience`] says.
pub(crate) struct Patient<B> {
    body: B,
    patience: Patience,
    /// Runs while a piece is waited for.
    waiting: Option<Pin<Box<Sleep>>>,
    since: Instant,
    /// Waited, and received, since the rate was last taken.
    waited: Duration,
    received: u64,
}

impl<B> Patient<B> {
    pub(crate) fn new(body: B, patience: Patience) -> Self {
        Self { body, patience, waiting: None, since: Instant::now(), waited: Duration::ZERO, received: 0 }
    }

    /// Counts a piece of `length` bytes, or a wait that ended without one; false when the peer is too slow.
    fn keeps_up(&mut self, length: usize) -> bool {
        if self.waiting.take().is_some() {
            self.waited += self.since.elapsed();
        }
        self.received += length as u64;
        if self.waited < WINDOW {
            return true;
        }
        let wanted = u128::from(self.patience.rate) * self.waited.as_millis() / 1_000;
        let keeps_up = u128::from(self.received) >= wanted;
        (self.waited, self.received) = (Duration::ZERO, 0);
        keeps_up
    }
}

fn late(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl<B> HttpBody for Patient<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            let length = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref().map(Bytes::len));
            if !self.keeps_up(length.unwrap_or(0)) && frame.is_some() {
                return Poll::Ready(Some(Err(late("the body comes too slowly"))));
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        if self.waiting.is_none() {
            self.since = Instant::now();
        }
        let limit = self.patience.piece;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(waiting.as_mut().poll(context));
        waiting.as_mut().reset(Instant::now() + limit);
        Poll::Ready(Some(Err(late("the body does not go on"))))
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
    use std::convert::Infallible;

    use futures::{StreamExt as _, stream};
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    /// What became of a body of `pieces` of `length` bytes, one every `pause`, and after how long.
    async fn read(pieces: usize, length: usize, pause: Duration, rate: u64) -> (Result<usize, String>, u64) {
        let begun = Instant::now();
        let stream = stream::iter(0..pieces).then(move |_| async move {
            sleep(pause).await;
            Ok::<_, Infallible>(Frame::data(Bytes::from(vec![7; length])))
        });
        let patience = Patience { piece: Duration::from_secs(30), rate };
        let mut body = Patient::new(StreamBody::new(Box::pin(stream)), patience);
        let mut whole = 0;
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => whole += frame.into_data().unwrap().len(),
                Err(error) => return (Err(error.to_string()), begun.elapsed().as_secs()),
            }
        }
        (Ok(whole), begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_given_up_after_a_minute_of_waiting() {
        let drip = Duration::from_secs(20);
        assert_eq!(read(1_000, 1, drip, 1_024).await, (Err("the body comes too slowly".to_owned()), 60));
        assert_eq!(read(10, 20 * 1_024, drip, 1_024).await, (Ok(10 * 20 * 1_024), 200));
        assert_eq!(read(10, 20 * 1_024 - 1, drip, 1_024).await.1, 60);
        assert_eq!(read(10, 1, drip, 0).await, (Ok(10), 200), "no rate is asked for");
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_body_may_drip_and_one_that_stops_is_given_up() {
        assert_eq!(read(3, 1, Duration::from_secs(19), 1_024).await, (Ok(3), 57));
        let stopped = read(1, 1, Duration::from_secs(31), 1_024).await;
        assert_eq!(stopped, (Err("the body does not go on".to_owned()), 30));
    }
}
