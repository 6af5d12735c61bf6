//! The thread that syncs packs while the writer goes on with its batch.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender, SyncSender},
    },
    thread::JoinHandle,
};

use strongroom_kernel::ports::{PendingSync, PortError};

use super::file::Tail;

/// Pack files and how far each must be synced.
pub(super) type Reached = Vec<(Arc<Tail>, u64)>;

#[derive(Debug)]
struct Request {
    reached: Reached,
    done: SyncSender<Result<(), PortError>>,
}

/// Syncs in the order it is asked. What was asked for while one sync ran is done by the next one together.
#[derive(Debug)]
pub(super) struct SyncThread {
    requests: Option<Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl SyncThread {
    /// # Errors
    /// `Unavailable` when no thread can be made.
    pub(super) fn start() -> Result<Self, PortError> {
        let (requests, received) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("pack-sync".to_owned())
            .spawn(move || serve(&received))
            .map_err(|error| PortError::io("start the thread that syncs packs", error))?;
        Ok(Self { requests: Some(requests), thread: Some(thread) })
    }

    /// Begins to sync.
    pub(super) fn begin(&self, reached: Reached) -> PendingSync {
        let (done, waited_for) = mpsc::sync_channel(1);
        let sent =
            self.requests.as_ref().is_some_and(|requests| requests.send(Request { reached, done }).is_ok());
        PendingSync::new(move || {
            let stopped = || Err(PortError::unavailable("sync packs: the thread for it has ended"));
            if sent { waited_for.recv().unwrap_or_else(|_| stopped()) } else { stopped() }
        })
    }
}

impl Drop for SyncThread {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // It ends when it has done what was asked of it; if it panicked, that was said already.
            let _ = thread.join();
        }
    }
}

fn serve(received: &Receiver<Request>) {
    while let Ok(first) = received.recv() {
        // What these cover was written before they were sent: one sync each file serves them all.
        let requests: Vec<Request> = std::iter::once(first).chain(received.try_iter()).collect();
        let mut furthest: Reached = Vec::new();
        for (tail, end) in requests.iter().flat_map(|request| &request.reached) {
            match furthest.iter_mut().find(|(known, _)| Arc::ptr_eq(known, tail)) {
                Some((_, known_end)) => *known_end = (*known_end).max(*end),
                None => furthest.push((Arc::clone(tail), *end)),
            }
        }
        for (tail, end) in &furthest {
            if let Err(error) = tail.sync(*end) {
                tracing::error!(pack = tail.number, error = %error, "pack not synced; it is not appended to again");
            }
        }
        for request in requests {
            let outcome = request.reached.iter().try_for_each(|(tail, end)| {
                // Done above: this only asks how it went.
                tail.sync(*end).map_err(|error| PortError::io("sync a pack", error))
            });
            // Nobody waits when the batch failed elsewhere.
            let _ = request.done.send(outcome);
        }
    }
}
