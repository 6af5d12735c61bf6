//! File work beside the async runtime, with its errors in the words of the ports.

use std::io;

use strongroom_kernel::ports::PortError;

/// Runs `work` on a thread that may block; `doing` is verb and object for the error.
pub(crate) async fn run<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, PortError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| PortError::io(doing, error)),
        // Only when the runtime is being shut down.
        Err(error) => Err(PortError::unavailable(doing).with_source(error)),
    }
}
