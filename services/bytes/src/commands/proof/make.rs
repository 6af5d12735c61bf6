//! Has proofs made: within the budget of a request, or beside it until they are there.

use std::time::Duration;

use futures::future::join_all;
use strongroom_kernel::{Uuid, ports::AnchorProof};
use strongroom_model::Error;
use tokio::{sync::watch, time::timeout};

use super::AddProof;
use crate::{commands::raw::NewBody, queries, state::BytesState};

/// Files whose proofs are asked for side by side.
const SIDE_BY_SIDE: usize = 8;
/// Files of one look at those that wait.
const PAGE: u64 = 100;
/// Pause after everything that waits was tried and some still does; doubled up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// Longest wait for one proof beside requests.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks for the proofs of a request's files within its budget; what is not there then stays without.
pub async fn make_in_time<'b>(state: &BytesState, files: impl Iterator<Item = &'b mut NewBody>) {
    let made = join_all(files.map(|file| async {
        match state.anchor().anchor(&file.secure_hash).await {
            Ok(proof) => file.proof = Some(proof),
            Err(error) => tracing::warn!(raw_file = %file.id, %error, "proof not made, it will be later"),
        }
    }));
    if timeout(state.config().proof_budget, made).await.is_err() {
        tracing::warn!("proofs not made in time, they will be later");
    }
}

/// Asks once for the proof of every file that waits for one, and returns how many still do.
///
/// # Errors
/// `Unavailable` when the files that wait cannot be read; `StorageFull`.
pub async fn make_pending(state: &BytesState) -> Result<usize, Error> {
    let mut waiting = 0;
    let mut after = -1;
    loop {
        let snapshot = state.kernel().snapshot().await?;
        let page = queries::pending_proofs(&snapshot, after, PAGE).await?;
        drop(snapshot);
        let Some(last) = page.last() else { return Ok(waiting) };
        after = last.order;
        for files in page.chunks(SIDE_BY_SIDE) {
            let proofs =
                join_all(files.iter().map(|file| make(state, file.raw_file, file.secure_hash.as_deref())))
                    .await;
            for (file, proof) in files.iter().zip(proofs) {
                match proof {
                    Some(proof) => {
                        state.kernel().run(&AddProof { raw_file: file.raw_file, proof }).await?;
                    }
                    None => waiting += 1,
                }
            }
        }
    }
}

async fn make(state: &BytesState, raw_file: Uuid, secure_hash: Option<&str>) -> Option<AnchorProof> {
    match timeout(PATIENCE, state.anchor().anchor(secure_hash?)).await {
        Ok(Ok(proof)) => Some(proof),
        Ok(Err(error)) => {
            tracing::warn!(%raw_file, %error, "proof not made");
            None
        }
        Err(_) => {
            tracing::warn!(%raw_file, "proof not made: no answer");
            None
        }
    }
}

/// Makes proofs that wait until `stop` says true: at once after a start or an upload that left some, then with
/// growing pauses while some cannot be made.
pub async fn run(state: BytesState, mut stop: watch::Receiver<bool>) {
    let mut pause = PAUSE;
    loop {
        let waiting = make_pending(&state).await.unwrap_or_else(|error| {
            tracing::warn!(error = %error.diagnosis(), "files without proof not looked at");
            1
        });
        let woken = state.pending_proofs().notified();
        let rest = async {
            if waiting == 0 {
                woken.await;
            } else {
                tokio::time::sleep(pause).await;
            }
        };
        tokio::select! {
            () = rest => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        pause = if waiting == 0 { PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
    }
}
