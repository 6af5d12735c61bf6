//! Turns requests away, from their head, while more is asked than can be done.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use strongroom_kernel::Kernel;
use tokio::runtime::Handle;

use crate::metrics::Metrics;

/// Most tasks that are ready and wait for a worker's turn, for each worker. Each is a step of a request of some ten
/// microseconds, and a request that writes takes about six of them: with more it waits 50 ms for the processor alone,
/// and what all of them hold does not fit into its caches.
const MOST_READY: usize = 256;

/// The answer to a request that cannot be served now, or `None` when it can.
///
/// Services ask before they read the body. That is while units wait for their commit longer than they may, or requests
/// for the processor. The body of the answer is JSON with the one key `detail`.
pub fn shed(kernel: &Kernel, metrics: &Metrics) -> Option<Response> {
    if !kernel.overloaded() && !crowded(&Handle::current()) {
        return None;
    }
    metrics.count_shed();
    let head = [(header::CONTENT_TYPE, "application/json"), (header::RETRY_AFTER, "1")];
    let body = r#"{"detail":"more is asked than can be done now, try again"}"#;
    Some((StatusCode::SERVICE_UNAVAILABLE, head, body).into_response())
}

/// Whether more tasks are ready than the workers come round to in time.
///
/// Only the queue that all workers share is looked at: they put into it what does not fit into their own.
fn crowded(runtime: &Handle) -> bool {
    let metrics = runtime.metrics();
    metrics.global_queue_depth() > MOST_READY * metrics.num_workers()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn tasks_that_wait_for_a_worker_are_a_crowd() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (begun, begins) = mpsc::channel();
        let (go_on, goes_on) = mpsc::channel::<()>();
        let busy = runtime.spawn(async move {
            begun.send(()).unwrap();
            goes_on.recv().unwrap();
        });
        begins.recv().unwrap();
        // the only worker is taken: what is ready now waits
        let mut waiting: Vec<_> = (0..MOST_READY).map(|_| runtime.spawn(async {})).collect();
        assert!(!crowded(runtime.handle()));
        waiting.push(runtime.spawn(async {}));
        assert!(crowded(runtime.handle()));
        go_on.send(()).unwrap();
        runtime.block_on(async {
            busy.await.unwrap();
            futures::future::join_all(waiting).await;
        });
        assert!(!crowded(runtime.handle()));
    }
}
