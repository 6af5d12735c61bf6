//! Who was turned away is not listened to before the time he was told to come back.
//!
//! A refusal costs as much as reading its request, and a client that asks again at once would have nearly all of the
//! processor spent on refusals. So after 503 with `Retry-After` nothing is read from the connection for that time, at
//! most [`LONGEST`]: what the client sends meanwhile waits in the system's buffers, and slows him down. Requests that
//! were sent ahead and came with the one refused are in memory already, and answered.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    http::{StatusCode, header},
    response::Response,
};
use tokio::time::{Sleep, sleep};

/// Longest time in which a connection is not read, whatever `Retry-After` says: others may use it too, behind a proxy.
const LONGEST: Duration = Duration::from_secs(1);

/// Tells the reading end of a connection to rest. Cheap to clone; 0 stands for no rest, else milliseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rest(Arc<AtomicU64>);

impl Rest {
    /// Notes what an answer says of coming back.
    pub(crate) fn note(&self, answer: &Response) {
        if answer.status() != StatusCode::SERVICE_UNAVAILABLE {
            return;
        }
        let after = answer.headers().get(header::RETRY_AFTER).and_then(|after| after.to_str().ok());
        if let Some(seconds) = after.and_then(|after| after.parse().ok()) {
            let time = Duration::from_secs(seconds).min(LONGEST);
            self.0.store(u64::try_from(time.as_millis()).unwrap_or(0), Relaxed);
        }
    }

    /// The rest that was noted since this was asked last.
    fn take(&self) -> Option<Duration> {
        if self.0.load(Relaxed) == 0 {
            return None;
        }
        Some(Duration::from_millis(self.0.swap(0, Relaxed)))
    }
}

/// The reading end's side of it.
#[derive(Debug, Default)]
pub(crate) struct Resting {
    rest: Rest,
    until: Option<Pin<Box<Sleep>>>,
}

impl Resting {
    pub(crate) fn new(rest: Rest) -> Self {
        Self { rest, until: None }
    }

    /// Ready when the connection may be read.
    pub(crate) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(time) = self.rest.take() {
            self.until = Some(Box::pin(sleep(time)));
        }
        if let Some(until) = &mut self.until {
            ready!(until.as_mut().poll(context));
            self.until = None;
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use axum::response::IntoResponse as _;
    use tokio::time::Instant;

    use super::*;

    async fn rested(answer: Response) -> Duration {
        let rest = Rest::default();
        let mut resting = Resting::new(rest.clone());
        rest.note(&answer);
        let begun = Instant::now();
        poll_fn(|context| resting.poll_over(context)).await;
        let rested = begun.elapsed();
        poll_fn(|context| resting.poll_over(context)).await;
        assert_eq!(begun.elapsed(), rested, "once for each answer");
        rested
    }

    fn answer(status: StatusCode, after: &'static str) -> Response {
        (status, [(header::RETRY_AFTER, after)]).into_response()
    }

    #[tokio::test(start_paused = true)]
    async fn only_who_was_turned_away_waits_and_a_second_at_most() {
        let away = StatusCode::SERVICE_UNAVAILABLE;
        let second = Duration::from_secs(1);
        // timers have whole milliseconds, and fire in the next one
        let about = |time: Duration| time >= second && time < second + Duration::from_millis(5);
        assert!(about(rested(answer(away, "1")).await));
        assert!(about(rested(answer(away, "3600")).await));
        for free in [
            answer(away, "0"),
            answer(away, "Wed, 21 Oct 2015 07:28:00 GMT"),
            away.into_response(),
            answer(StatusCode::INSUFFICIENT_STORAGE, "60"),
            StatusCode::OK.into_response(),
        ] {
            assert_eq!(rested(free).await, Duration::ZERO);
        }
    }
}
